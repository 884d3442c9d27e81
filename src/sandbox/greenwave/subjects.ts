/** What Greenwave knows about a kind of subject. */
export interface SubjectType {
  readonly id: string;
  readonly aliases: readonly string[];
  /** Key of a subject object, or of a result's data, that holds the identifier. */
  readonly item_key: string | null;
  readonly is_koji_build: boolean;
  readonly is_nvr: boolean;
  readonly supports_remote_rule: boolean;
  /** An update without a policy is not an error. */
  readonly ignore_missing_policy: boolean;
  readonly product_version: string | null;
  readonly item_dict: Readonly<Record<string, unknown>>;
  readonly result_queries: readonly Readonly<Record<string, unknown>>[];
}

const PLAIN: Omit<SubjectType, 'id'> = {
  aliases: [],
  item_key: null,
  is_koji_build: false,
  is_nvr: false,
  supports_remote_rule: false,
  ignore_missing_policy: false,
  product_version: null,
  item_dict: {},
  result_queries: [],
};

/** Sorted by id, as the API lists them. */
export const SUBJECT_TYPES: readonly SubjectType[] = [
  { ...PLAIN, id: 'bodhi_update', ignore_missing_policy: true },
  {
    ...PLAIN,
    id: 'compose',
    item_key: 'productmd.compose.id',
    item_dict: { item_key: 'productmd.compose.id' },
  },
  {
    ...PLAIN,
    id: 'koji_build',
    aliases: ['brew-build'],
    item_key: 'original_spec_nvr',
    is_koji_build: true,
    is_nvr: true,
    supports_remote_rule: true,
    result_queries: [
      { item_key: 'item', keys: { type: 'koji_build,brew-build' } },
      { item_key: 'original_spec_nvr' },
    ],
  },
];

export interface Subject {
  readonly type: SubjectType;
  readonly item: string;
}

export function createSubject(type: string, item: string): Subject {
  const known = SUBJECT_TYPES.find(({ id, aliases }) => id === type || aliases.includes(type));
  return { type: known ?? { ...PLAIN, id: type, is_koji_build: true }, item };
}

/** The package of a build; undefined where the subject is none. */
export function packageOf({ type, item }: Subject): string | undefined {
  return type.is_nvr ? item.split('-').slice(0, -2).join('-') || (item.split('-')[0] ?? item) : undefined;
}

/** The subject as answers show it in `item`. */
export function subjectDict({ type, item }: Subject): Readonly<Record<string, string>> {
  return type.id === 'compose' ? { 'productmd.compose.id': item } : { type: type.id, item };
}

/** The questions to ResultsDB that find results of this subject, parameters in the order in which they are sent. */
export function resultQueries(subject: Subject): readonly (readonly (readonly [string, string])[])[] {
  const { type, item } = subject;
  if (type.id !== 'koji_build') return [Object.entries(subjectDict(subject))];
  return [
    [
      ['item', item],
      ['type', 'koji_build,brew-build'],
    ],
    [['original_spec_nvr', item]],
  ];
}
