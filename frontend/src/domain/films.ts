import type { BoneSet, CaseDetail, XrayImage } from '../api/types';

/** The X-rays of a case that its bones can be laid over, with the cameras of the bones: of a reconstruction they may be corrected. */
export function filmable(detail: CaseDetail, boneSet: BoneSet): XrayImage[] {
  return [detail.images.ap, detail.images.lateral].flatMap((image) => {
    const camera = image && boneSet.cameras[image.view];
    return camera ? [{ ...image, projection: camera.projection }] : [];
  });
}
