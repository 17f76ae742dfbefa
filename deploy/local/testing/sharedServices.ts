/** What the global setup hands to every test file. */
export interface SharedServices {
  /** Port of the shared NATS server, with `natsAccounts` accounts in it. */
  readonly natsPort: number
  readonly natsAccounts: number
  /** A folder of this run; `accounts/` in it records which NATS accounts are taken. */
  readonly folder: string
  /** Starts the service at its first request and answers with its base URL: `/postgres`, `/minio`. */
  readonly controlUrl: string
}

declare module "vitest" {
  export interface ProvidedContext {
    millrace: SharedServices
  }
}
