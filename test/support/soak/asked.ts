/**
 * `fetch` on a connection of its own: between two requests the database is read for seconds, and who answers has closed what was silent meanwhile.
 * Rejects with the address and with what went wrong.
 */
export async function asked(url: string, init: RequestInit = {}): Promise<Response> {
  const headers = { ...init.headers, connection: 'close' };
  return fetch(url, { ...init, headers }).catch((error: unknown) => {
    const { cause } = error as Error;
    throw new Error(`${init.method ?? 'GET'} ${url}: ${cause ?? error}`, { cause: error });
  });
}
