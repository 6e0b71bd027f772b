import { Parser } from "htmlparser2";

/** A page says something when a person could read a sentence or two on it. */
const LITTLE_TEXT_CHARACTERS = 200;
/** Less inline script than this counts a page's visits, it does not write the page. */
const WRITING_SCRIPT_CHARACTERS = 300;

const unseen = new Set(["script", "style", "noscript", "template", "head", "svg"]);

/**
 * Is this page an empty shell: little to read, and scripts that would fill it? What <noscript> says ("please
 * enable JavaScript") is not on the page for somebody who runs its scripts.
 */
export function isEmptyShell(html: string): boolean {
  let textCharacters = 0;
  let inlineScriptCharacters = 0;
  let hasScriptFile = false;
  let unseenDepth = 0;
  let inScript = false;
  const parser = new Parser({
    onopentag(name, attributes) {
      if (unseen.has(name)) unseenDepth += 1;
      if (name !== "script" || !isProgram(attributes["type"])) return;
      inScript = true;
      hasScriptFile ||= attributes["src"] !== undefined;
    },
    ontext(text) {
      if (inScript) inlineScriptCharacters += text.trim().length;
      else if (unseenDepth === 0) textCharacters += text.replaceAll(/\s+/g, " ").trim().length;
    },
    onclosetag(name) {
      if (unseen.has(name)) unseenDepth -= 1;
      if (name === "script") inScript = false;
    },
  });
  parser.end(html);
  const hasWriter = hasScriptFile || inlineScriptCharacters >= WRITING_SCRIPT_CHARACTERS;
  return hasWriter && textCharacters < LITTLE_TEXT_CHARACTERS;
}

/** JSON-LD and templates are scripts by name only. */
function isProgram(type: string | undefined): boolean {
  return type === undefined || type === "" || /^module$|javascript$/i.test(type.trim());
}
