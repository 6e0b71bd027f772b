/**
 * An ad's address ends in its number, written in base 62: ID16y7eR is 1012921829. The digits, then small letters, then
 * capitals, with w before v and W before V: so read, the addresses of all 156 captured ads give the numbers beside them.
 */
const digits = "0123456789abcdefghijklmnopqrstuwvxyzABCDEFGHIJKLMNOPQRSTUWVXYZ";

/** The path of an ad, in any of the countries and languages: /d/oferta/title-CID99-ID16y7eR.html */
const adPath = /-ID([0-9A-Za-z]{1,9})\.html$/;

/** The number that an ad's path names; null if it is no ad's. */
export function adNumberOf(path: string): string | null {
  const written = adPath.exec(path)?.[1];
  if (written === undefined) return null;
  let number = 0n;
  for (const digit of written) number = number * 62n + BigInt(digits.indexOf(digit));
  return String(number);
}
