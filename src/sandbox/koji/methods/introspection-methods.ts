import { type Method, type Methods, read } from '../method.ts';
import type { Signature } from '../signature.ts';
import { plainText, repr, type Struct } from '../value.ts';

/** The method as the hub shows it to people; its own words about it are not here. */
function describe(name: string, { parameters, rest, open }: Signature): Struct {
  const shown = [
    ...parameters.map(({ name: key, fallback }) =>
      fallback === undefined ? key : `${key}=${repr(fallback)}`,
    ),
    ...(rest ? ['*args'] : []),
    ...(open ? ['**kwargs'] : []),
  ];
  const names = parameters.map(({ name: key }) => key);
  const fallbacks = parameters.flatMap(({ fallback }) => (fallback === undefined ? [] : [fallback]));
  const defaults = fallbacks.length === 0 ? null : fallbacks;
  return {
    name,
    doc: null,
    argspec: [names, rest ? 'args' : null, open ? 'kwargs' : null, defaults, [], null, {}],
    argdesc: `(${shown.join(', ')})`,
    args: parameters.map(({ name: key, fallback }) => (fallback === undefined ? key : [key, fallback])),
  };
}

/** Methods that the hub registers one after the other; all others stand sorted, by their first word. */
const REGISTERED = [
  'login',
  'sslLogin',
  'logout',
  'subsession',
  'logoutChild',
  'exclusiveSession',
  'sharedSession',
  'createSideTag',
  'removeSideTag',
  'listSideTags',
  'editSideTag',
  'runroot',
  'kiwiBuild',
];

/** Names in the order in which the hub registers its methods: its own, those of builders, scheduler and repos, sessions, plugins. */
function inOrder(names: readonly string[]): readonly string[] {
  const places = ['', 'host', 'scheduler', 'repo'];
  const placeOf = (name: string) => {
    if (REGISTERED.includes(name)) return places.length + REGISTERED.indexOf(name);
    return places.indexOf(name.includes('.') ? (name.split('.')[0] ?? '') : '');
  };
  return names.toSorted((a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1));
}

/** What the hub tells about its own methods; `others` are all that it has besides. */
export function introspectionMethods(others: Methods): Methods {
  const find = (name: string): Method | undefined => (Object.hasOwn(all, name) ? all[name] : undefined);
  const own: Methods = {
    _listapi: read('HandlerRegistry.list_api()', () =>
      [...Object.keys(own), ...inOrder(Object.keys(others))].flatMap((name) => {
        const method = find(name);
        return method === undefined ? [] : [describe(name, method.signature)];
      }),
    ),
    'system.listMethods': read('HandlerRegistry.system_listMethods()', () => [
      ...Object.keys(own),
      ...inOrder(Object.keys(others)),
    ]),
    'system.methodSignature': read(
      'HandlerRegistry.system_methodSignature(method)',
      () => 'signatures not supported',
    ),
    'system.methodHelp': read('HandlerRegistry.system_methodHelp(method)', ({ method = null }) => {
      const name = plainText(method);
      const found = find(name);
      return found === undefined ? '' : `${name}${describe(name, found.signature)['argdesc']}`;
    }),
  };
  const all: Methods = { ...others, ...own };
  return own;
}
