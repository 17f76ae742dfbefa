import type { ConnectionOptions } from "nats"

/** Connection options for a NATS URL, with the user and the password that stand in it. */
export const connectionOptions = (url: string): ConnectionOptions => {
  const { hostname, port, username, password } = new URL(url)
  return {
    servers: `${hostname}:${port || "4222"}`,
    ...(username === "" ? {} : { user: decodeURIComponent(username), pass: decodeURIComponent(password) })
  }
}
