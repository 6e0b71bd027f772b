export function ago(ms: number): string;
export function shownPrice(price: string): string;
