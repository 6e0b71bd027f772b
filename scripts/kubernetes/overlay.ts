/** Where an image of k8s/ is taken from instead of from its own name. */
export interface ImagePlace {
  /** As k8s/ names it, without tag. */
  name: string;
  newName: string;
  /** What is there under its tag now, so that one built again under the same tag is rolled out. */
  digest: string;
}

/**
 * A kustomization that puts k8s/ into a namespace, with images from other places; to lie in `.local/k8s/<namespace>`. It
 * is JSON, which is YAML too.
 */
export function overlay(namespace: string, images: readonly ImagePlace[]): string {
  const kustomization = {
    apiVersion: "kustomize.config.k8s.io/v1beta1",
    kind: "Kustomization",
    namespace,
    resources: ["../../../k8s"],
    ...(images.length > 0 && { images }),
  };
  return `${JSON.stringify(kustomization, null, 2)}\n`;
}
