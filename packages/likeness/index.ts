export { hashOfPhoto, LARGEST_PHOTO_BYTES } from "./hash-of-photo.ts";
export { bandsOf, hammingDistance, PHOTO_DISTANCE } from "./photo-distance.ts";
export { isNearlySameTitle, titleLikeness } from "./title-likeness.ts";
