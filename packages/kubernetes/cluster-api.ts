import type { BatchV1Api, CoreV1Api } from "@kubernetes/client-node";

/** The API server may hold a connection for ever; no question here takes longer than this. */
const TIMEOUT_MS = 10_000;

export interface ClusterApi {
  /** Where this pod lives. */
  namespace: string;
  batch: BatchV1Api;
  core: CoreV1Api;
  /** Is this the API server's answer with that HTTP status? */
  isAnswer: (error: unknown, status: number) => boolean;
  /** What the API server said when it refused; null when the error is another one. */
  reasonOf: (error: unknown) => string | null;
}

/**
 * The API server as a pod reaches it, with the ServiceAccount's token.
 * @throws Error when this process is no pod, or its ServiceAccount has no token.
 */
export async function connectFromPod(): Promise<ClusterApi> {
  // Loaded only where it is used: it is most of a process's memory.
  const { ApiException, BatchV1Api, CoreV1Api, createConfiguration, KubeConfig, ServerConfiguration } =
    await import("@kubernetes/client-node");
  const config = new KubeConfig();
  config.loadFromCluster();
  const server = config.getCurrentCluster()?.server;
  const namespace = config.getContextObject(config.getCurrentContext())?.namespace;
  if (server === undefined || namespace === undefined) {
    throw new Error("this process has no ServiceAccount token; it has to run as a pod of a cluster");
  }
  const configuration = createConfiguration({
    baseServer: new ServerConfiguration(server, {}),
    authMethods: { default: config },
    promiseMiddleware: [
      {
        async pre(request) {
          request.setSignal(AbortSignal.timeout(TIMEOUT_MS));
          return request;
        },
        post: (response) => Promise.resolve(response),
      },
    ],
  });
  return {
    namespace,
    batch: new BatchV1Api(configuration),
    core: new CoreV1Api(configuration),
    isAnswer: (error, status) => error instanceof ApiException && error.code === status,
    reasonOf: (error) => (error instanceof ApiException ? statusMessage(error.body) : null),
  };
}

/** The message of a Status object. The client gives it as text when it does not know the status code. */
function statusMessage(body: unknown): string {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  const [, message] = /"message":("(?:[^"\\]|\\.)*")/.exec(text) ?? [];
  return message === undefined ? text : (JSON.parse(message) as string);
}
