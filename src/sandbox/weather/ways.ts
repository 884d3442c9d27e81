import type { BodhiPorts } from '../bodhi/context.ts';
import type { ListenerOptions } from '../ci/listener.ts';
import type { AskUpstream } from '../greenwave/upstreams.ts';
import type { Inside } from './inside.ts';

/** How Greenwave asks ResultsDB and WaiverDB about others. */
export function greenwaveWay(inside: Inside): AskUpstream {
  return ({ address, query, body }) => {
    if (body !== undefined) {
      const { filters = [] } = body as { readonly filters?: readonly { subject_identifier?: unknown }[] };
      if (!inside.concerns(filters.map(({ subject_identifier }) => subject_identifier))) return undefined;
      return inside.ask('waiverdb', { method: 'POST', path: new URL(address).pathname, body });
    }
    const items = query
      .filter(([key]) => key === 'item' || key === 'original_spec_nvr')
      .map(([, value]) => value);
    if (!inside.concerns(items)) return undefined;
    return inside.ask('resultsdb', { method: 'GET', path: new URL(address).pathname, query });
  };
}

interface Asked {
  readonly subject?: readonly { readonly item?: unknown; readonly type?: unknown }[];
  readonly subject_identifier?: unknown;
}

/** How Bodhi asks Greenwave and WaiverDB about others. */
export function bodhiWay(inside: Inside): NonNullable<BodhiPorts['inside']> {
  return ({ service, body, headers = {} }) => {
    const { subject = [], subject_identifier } = body as Asked;
    const builds = subject.filter(({ type }) => type === 'koji_build').map(({ item }) => item);
    if (!inside.concerns(service === 'Greenwave' ? builds : [subject_identifier])) return undefined;
    return service === 'Greenwave'
      ? inside.ask('greenwave', { method: 'POST', path: '/api/v1.0/decision', body })
      : inside.ask('waiverdb', { method: 'POST', path: '/api/v1.0/waivers/', body, headers });
  };
}

/** How the listener of CI stores results of others. */
export function ciWay(inside: Inside): NonNullable<ListenerOptions['inside']> {
  return (nvr, result) => {
    if (!inside.concerns([nvr])) return undefined;
    return inside
      .ask('resultsdb', { method: 'POST', path: '/api/v2.0/results', body: result })
      .then(({ status }) => status);
  };
}
