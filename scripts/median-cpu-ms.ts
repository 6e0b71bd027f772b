/**
 * The median of so many rounds in milliseconds: processor time rather than the clock's, so that the figure is the same on
 * a busy machine.
 */
export function medianCpuMs(rounds: number, work: () => unknown): number {
  const times = Array.from({ length: rounds }, () => {
    const start = process.cpuUsage();
    work();
    const { user, system } = process.cpuUsage(start);
    return (user + system) / 1_000;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(rounds / 2)] ?? Number.NaN;
}
