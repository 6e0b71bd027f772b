import { Ajv2020 } from "ajv/dist/2020.js";
import addFormats from "ajv-formats";

interface Operation {
  responses: Record<string, { content?: Record<string, { schema: unknown }> }>;
}
export interface OpenApiDocument {
  paths: Record<string, Record<string, Operation>>;
}

/** Throws unless the answer is one that /openapi.json tells of, for a path that it tells of. */
export type CheckAnswer = (
  method: string,
  pathname: string,
  answer: { status: number; contentType: string; body: unknown },
) => void;

export function checkAgainst(document: OpenApiDocument): CheckAnswer {
  const ajv = new Ajv2020({ allErrors: true, strict: false });
  addFormats.default(ajv);
  ajv.addSchema(document, "openapi.json");
  return (method, pathname, { status, contentType, body }) => {
    const fitting = Object.keys(document.paths).filter((template) => matches(template, pathname));
    // An address of its own goes before one with an id in its place.
    const path = fitting.find((template) => !template.includes("{")) ?? fitting[0];
    const content = document.paths[path ?? ""]?.[method.toLowerCase()]?.responses[status]?.content;
    const mediaType = contentType.split(";", 1)[0] ?? "";
    if (path === undefined || content?.[mediaType] === undefined) {
      throw new Error(`openapi.json does not tell of ${status} ${mediaType} for ${method} ${pathname}`);
    }
    const pointer = [
      "paths",
      path,
      method.toLowerCase(),
      "responses",
      status,
      "content",
      mediaType,
      "schema",
    ];
    const validate = ajv.compile({ $ref: `openapi.json#/${pointer.map(escapePointer).join("/")}` });
    if (!validate(body)) {
      throw new Error(`${method} ${pathname}: ${ajv.errorsText(validate.errors)} in ${JSON.stringify(body)}`);
    }
  };
}

function matches(template: string, pathname: string): boolean {
  const pattern = template.replaceAll(/\{\w+\}/g, "[^/]+");
  return new RegExp(`^(/api)?${pattern}$`).test(pathname);
}

/** RFC 6901, and then as a fragment of a URI. */
function escapePointer(part: string | number): string {
  return encodeURIComponent(String(part).replaceAll("~", "~0").replaceAll("/", "~1"));
}
