/** How the files of a failed page are called under DEBUG_DIR: as it came, and its picture. `id`: of a target, or `run-<id>`. */
export function debugFiles(id: string, attempt: number): { page: string; screenshot: string } {
  const name = `${id.replaceAll(/[^\w-]/g, "_")}-${attempt}`;
  return { page: `${name}.html.gz`, screenshot: `${name}.png` };
}
