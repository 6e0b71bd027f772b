export { createJsonApiCatalog } from "./catalog.ts";
export { type JsonApiSettings, jsonApiSettings, jsonApiSettingsFile } from "./settings.ts";
