export { type GpuOfferKind, gpuOfferKinds } from "./classify-offer.ts";
export { type GpuBrand, type GpuModel, gpuModels } from "./gpu-models.ts";
export { catalogVersion, type GpuMatch, matchGpu } from "./match-gpu.ts";
export { modelNamed } from "./model-named.ts";
export { type BenchmarkList, type ListedScore, readBenchmarks, UnknownListError } from "./read-benchmarks.ts";
