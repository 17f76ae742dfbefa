import type { ConnectionOptions } from "nats"
import { natsAddress } from "../../../runtime/natsAddress.ts"

/** Connection options for a NATS URL (or several, comma-separated), with the user and the password that stand in it. */
export const connectionOptions = (url: string): ConnectionOptions => {
  const { servers, credentials } = natsAddress(url)
  return { servers: [...servers], ...credentials }
}
