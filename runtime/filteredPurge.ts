/** Whether a server of this version purges one subject of a log well. Before 2.10 that stalls all publishers, and gives no space back. */
export const hasFilteredPurge = (version: string): boolean => {
  const [major = 0, minor = 0] = version.split('.').map(Number)
  return major > 2 || (major === 2 && minor >= 10)
}
