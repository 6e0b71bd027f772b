export { createFrameDecoder, frame, type FrameDecoder } from "./tradingview/frames.ts";
