import { parser } from "@prometheus-io/lezer-promql";

/** The names of what a PromQL expression asks for. @throws Error when it is none; Grafana's variables count as text. */
export function metricsIn(expression: string): string[] {
  const names: string[] = [];
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`no PromQL at character ${node.from} of: ${expression}`);
      if (node.name === "VectorSelector") {
        const [name = ""] = /^[a-zA-Z_:][\w:]*/.exec(expression.slice(node.from)) ?? [];
        names.push(name);
      }
    },
  });
  return names;
}
