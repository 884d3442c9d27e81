import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { alterAnswer } from './altered.ts';
import type { Interference, Kit, OpenSystem, WireRequest } from './kit.ts';

/** What Fastify can read: two words with a slash. */
const MEDIA_TYPE = /^[\w!#$%&'*+.^`|~-]+\/[\w!#$%&'*+.^`|~-]+\s*(;|$)/;

/** A Fastify instance whose every answer passes the `wire` hook first. `call` names the request for faults that hit only some. */
export function systemServer(
  kit: Kit,
  system: string,
  call: (request: FastifyRequest) => string | undefined = () => undefined,
): FastifyInstance {
  const server = Fastify({
    forceCloseConnections: true,
    bodyLimit: 64 * 1024 * 1024,
    // How long a request line may be is each system's own affair.
    http: { maxHeaderSize: 256 * 1024 },
    // Hashes and encoded names in paths are longer than the 100 characters that are usual.
    routerOptions: { maxParamLength: 4096 },
  });
  server.addHook('onRequest', async (request) => {
    // Fastify refuses a type that is none before anybody sees it; the servers that are imitated take it for unknown.
    const { headers } = request.raw;
    if (headers['content-type'] !== undefined && !MEDIA_TYPE.test(headers['content-type'])) {
      headers['content-type'] = 'application/octet-stream';
    }
  });
  server.addHook('onError', async (request, _reply, error) => {
    if ((error.statusCode ?? 500) >= 500) kit.trouble(`${system} ${request.method} ${request.url}`, error);
  });
  server.addHook('preHandler', async (request, reply) => {
    const name = call(request);
    const wire: WireRequest = {
      method: request.method,
      path: request.url,
      ...(name === undefined ? {} : { call: name }),
      // Read only where a fault wants to know.
      get body() {
        return textOf(request.body);
      },
    };
    const met = kit.hooks.wire(system, wire);
    if (met === undefined) return;
    await pause(kit, met);
    if (met.answer === 'cut') {
      alterAnswer(reply.raw, 'cut');
      return;
    }
    if (met.alter !== undefined) alterAnswer(reply.raw, met.alter);
    if (met.answer === undefined) return;
    if (met.answer === 'hang') {
      reply.hijack();
      return;
    }
    if (met.answer === 'drop') {
      reply.hijack();
      request.raw.socket.destroy();
      return;
    }
    const { status, contentType, body, headers = {} } = met.answer;
    await reply.code(status).headers(headers).type(contentType).send(body);
  });
  server.addHook('onListen', async () => {
    const { port } = server.server.address() as AddressInfo;
    kit.onSwitch(() => turnDoor(server.server, port, kit.hooks.refuses(system) === true));
  });
  return server;
}

/** What a server has read of a body; undefined where it leaves that to others. */
function textOf(body: unknown): string | undefined {
  if (body === undefined || body === null) return undefined;
  return Buffer.isBuffer(body) ? body.toString() : JSON.stringify(body);
}

function pause(kit: Kit, { delayMs = 0 }: Interference): Promise<void> {
  return delayMs > 0 ? new Promise((resolve) => kit.clock.after(delayMs, resolve)) : Promise.resolve();
}

/** Closes a port or opens it again, and ends what is under way where it closes. */
async function turnDoor(server: Server, port: number, shut: boolean): Promise<void> {
  if (shut === !server.listening) return;
  if (shut) {
    server.close();
    server.closeAllConnections();
  } else {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(port, '127.0.0.1', () => {
        server.off('error', reject);
        resolve();
      });
    });
  }
}

/** Listens on a free port of loopback. */
export async function listen(server: FastifyInstance): Promise<OpenSystem> {
  await server.listen({ host: '127.0.0.1', port: 0 });
  const { port } = server.server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    async close() {
      // A port that a fault has closed cannot be closed again.
      await turnDoor(server.server, port, false);
      await server.close();
    },
  };
}
