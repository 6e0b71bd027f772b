import type { ServerResponse } from "node:http";

/** What goes over the wire for one request, before a fault interferes with how. */
export interface Answer {
  status: number;
  contentType: string;
  body: string;
  headers?: Record<string, string>;
}

export const html = "text/html; charset=utf-8";

export function sendWhole(response: ServerResponse, answer: Answer): void {
  const body = writeHead(response, answer);
  response.end(body);
}

/** Promises the whole body, sends half of it and cuts the connection. */
export function sendHalf(response: ServerResponse, answer: Answer): void {
  const body = writeHead(response, answer);
  response.write(body.subarray(0, body.length / 2), () => response.socket?.destroy());
}

/** Sends the headers at once and the body in ten pieces, spread over the time. */
export function sendSlowly(response: ServerResponse, answer: Answer, durationMs: number): void {
  const body = writeHead(response, answer);
  const pieces = 10;
  const pieceBytes = Math.ceil(body.length / pieces);
  let sent = 0;
  const timer = setInterval(() => {
    response.write(body.subarray(sent, sent + pieceBytes));
    sent += pieceBytes;
    if (sent < body.length) return;
    clearInterval(timer);
    response.end();
  }, durationMs / pieces);
  response.on("close", () => clearInterval(timer));
}

function writeHead(response: ServerResponse, answer: Answer): Buffer {
  const body = Buffer.from(answer.body);
  response.writeHead(answer.status, {
    "content-type": answer.contentType,
    "content-length": body.length,
    ...answer.headers,
  });
  return body;
}
