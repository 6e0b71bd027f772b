import { createHash, timingSafeEqual } from "node:crypto";
import type { RequestHandler } from "express";
import { Problem } from "./problem.ts";

const readingMethods = new Set(["GET", "HEAD", "OPTIONS"]);

/** Anything but reading needs the token, wherever the caller sits. */
export function requireControlToken(controlToken: string | null): RequestHandler {
  return (request, _response, next) => {
    if (readingMethods.has(request.method)) return next();
    if (controlToken === null) {
      throw new Problem("unauthorized", "Control is off: the API was started without CONTROL_TOKEN");
    }
    const given = /^Bearer +(\S+) *$/i.exec(request.get("authorization") ?? "")?.[1];
    if (given === undefined) {
      throw new Problem("unauthorized", "Send the header Authorization: Bearer <CONTROL_TOKEN>");
    }
    if (!isSame(given, controlToken)) throw new Problem("unauthorized", "The token is not the CONTROL_TOKEN");
    next();
  };
}

/** Digests have one length, so that neither the time nor an error tells how long or how far right a guess was. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
