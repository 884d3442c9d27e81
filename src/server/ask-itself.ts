/**
 * Asks a server of this process as anybody else would, over its own listener. Rejects where nothing answers, or only to say that it is broken.
 * @param url where it says that it listens
 */
export function askItself(url: string, signal: AbortSignal): Promise<void> {
  // An import of these would load the whole of `fetch` along: 15 MB.
  const { request } = process.getBuiltinModule(url.startsWith('https:') ? 'node:https' : 'node:http');
  // It is our own certificate, and made for the name that others know us by.
  const options = { agent: false, rejectUnauthorized: false, signal };
  return new Promise((resolve, reject) => {
    const asked = request(`${url}/healthz/live`, options, (response) => {
      const { statusCode = 0 } = response;
      response.once('error', reject);
      response.once('end', () =>
        statusCode < 500 ? resolve() : reject(new Error(`our own listener answers ${statusCode}`)),
      );
      response.resume();
    });
    asked.once('error', reject);
    asked.end();
  });
}
