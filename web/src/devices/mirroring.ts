import type { PictureSource } from './createPicture.ts'

/** Whether people see themselves in it, as in a mirror: in all cameras but those that say that they look away from them. Pure. */
export const isMirrored = (source: PictureSource, facingMode: string | undefined): boolean => source === 'camera' && facingMode !== 'environment'
