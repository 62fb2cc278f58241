/** How long to wait after so many failures in a row, from 1: doubled each time, up to a bound. */
export function backOffMs(failures: number, firstMs: number, mostMs: number): number {
  return Math.min(firstMs * 2 ** (failures - 1), mostMs);
}
