/** Versions of the programs that are built with Go where it is installed. Everything else is pinned in package.json. */
export const versions = {
  natsServer: { module: "github.com/nats-io/nats-server/v2@v2.15.2", goAtLeast: [1, 26] },
  minio: { module: "github.com/minio/minio@v0.0.0-20260212201848-7aac2a2c5b7c", goAtLeast: [1, 24] }
} as const
