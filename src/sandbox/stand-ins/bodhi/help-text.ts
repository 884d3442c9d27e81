import type { Habits } from './version.ts';

/** Help of the commands of `bodhi`, by what was asked for. */
export function helpOf(path: string, { types, requirements }: Habits): string | undefined {
  const text = HELP[path]?.replace('[TYPES]', `[${types.join('|')}]`);
  if (requirements || path !== 'releases') return text;
  return text
    ?.replace(/^ {2}requirements .*\n/m, '')
    .replaceAll(/^( {2}(?:create|edit|info|list)) +/gm, (_, name: string) => name.padEnd(10));
}

/** What `releases create` and `releases edit` take alike. */
const RELEASE_OPTIONS = `  --name TEXT                     Release name (eg: F20)
  --long-name TEXT                Long release name (eg: "Fedora 20")
  --id-prefix TEXT                Release prefix (eg: FEDORA)
  --version TEXT                  Release version number (eg: 20)
  --branch TEXT                   Git branch name (eg: f20)
  --dist-tag TEXT                 Koji dist tag (eg: f20)
  --stable-tag TEXT               Koji stable tag (eg: f20-updates)
  --released-on [%Y-%m-%d]        Date of first release (eg. 2016-06-14)
  --eol [%Y-%m-%d]                Release end-of-life date (eg. 2016-06-14)
  --testing-tag TEXT              Koji testing tag (eg: f20-updates-testing)
  --candidate-tag TEXT            Koji candidate tag (eg: f20-updates-
                                  candidate)
  --pending-stable-tag TEXT       Koji pending tag (eg: f20-updates-pending)
  --pending-testing-tag TEXT      Koji pending testing tag (eg: f20-updates-
                                  pending-testing)
  --pending-signing-tag TEXT      Koji pending signing tag (eg: f20-updates-
                                  pending-signing)
  --override-tag TEXT             Koji override tag (eg: f20-override)
  --state [disabled|pending|current|frozen|archived]
                                  The state of the release
  --mail-template TEXT            Name of the email template for this release
  --composed-by-bodhi / --not-composed-by-bodhi
                                  The flag that indicates whether the release
                                  is composed by Bodhi or not
  --package-manager [unspecified|dnf|yum]
                                  The package manager used by this release
  --testing-repository TEXT       The name of the testing repository used to
                                  test updates
  --create-automatic-updates / --no-create-automatic-updates
                                  Configure for this release, whether or not
                                  automatic updates are created for builds
                                  which are tagged into its Koji candidate
                                  tag.
  --staging                       Use the staging bodhi instance
  --url TEXT                      URL of a Bodhi server. Ignored if --staging
                                  is set. Can be set with BODHI_URL
                                  environment variable
  --debug                         Display debugging information.
  --client-id TEXT                The OIDC client_id. Ignored if --staging is
                                  set.
  --id-provider TEXT              The OIDC provider. Ignored if --staging is
                                  set.
`;

const HELP: Readonly<Record<string, string>> = {
  '': `Usage: bodhi [OPTIONS] COMMAND [ARGS]...

  Command line tool for interacting with Bodhi.

Options:
  --version  Show the version and exit.
  --help     Show this message and exit.

Commands:
  composes   Interact with composes.
  overrides  Interact with overrides on Bodhi.
  releases   Interact with releases.
  updates    Interact with updates on Bodhi.
`,
  updates: `Usage: bodhi updates [OPTIONS] COMMAND [ARGS]...

  Interact with updates on Bodhi.

Options:
  --help  Show this message and exit.

Commands:
  comment        Comment on an update.
  download       Download the builds in one or more updates.
  edit           Edit an existing update.
  new            Create a new update.
  query          Query updates on Bodhi.
  request        Change an update's request status.
  trigger-tests  Trigger tests for existing update in testing status.
  waive          Show or waive unsatified requirements (ie: missing or...
`,
  releases: `Usage: bodhi releases [OPTIONS] COMMAND [ARGS]...

  Interact with releases.

Options:
  --help  Show this message and exit.

Commands:
  create        Create a release.
  edit          Edit an existing release.
  info          Retrieve and print info about a named release.
  list          Retrieve and print list of releases.
  requirements  Retrieve and print testing requirements for a release.
`,
  overrides: `Usage: bodhi overrides [OPTIONS] COMMAND [ARGS]...

  Interact with overrides on Bodhi.

Options:
  --help  Show this message and exit.

Commands:
  edit   Edit a buildroot override.
  query  Query the buildroot overrides.
  save   Create a buildroot override.
`,
  composes: `Usage: bodhi composes [OPTIONS] COMMAND [ARGS]...

  Interact with composes.

Options:
  --help  Show this message and exit.

Commands:
  info  Retrieve and print info about a compose.
  list  List composes.
`,
  'updates new': `Usage: bodhi updates new [OPTIONS] BUILDS_OR_TAG

  Create a new update.

  BUILDS_OR_TAG: a comma separated list of Builds to be added to the update
  (e.g. 0ad-0.0.21-4.fc26,2ping-3.2.1-4.fc26) or a single side-tag name

Options:
  --type [TYPES]
                                  Update type  [required]
  --severity [unspecified|low|medium|high|urgent]
                                  Update severity
  --notes TEXT                    Update description
  --notes-file TEXT               Update description from a file
  --bugs TEXT                     Comma-separated list of bug numbers
  --close-bugs / --no-close-bugs  Automatically close bugs or not
  --request [testing|stable|unpush]
                                  Requested repository
  --autotime / --no-autotime      Enable/Disable stable push based on time in
                                  testing
  --stable-days INTEGER           Days in testing required to push to stable
  --autokarma / --no-autokarma    Enable/Disable karma automatism
  --stable-karma INTEGER          Stable karma threshold
  --unstable-karma INTEGER        Unstable karma threshold
  --requirements TEXT             Space or comma-separated list of required
                                  Taskotron tasks
  --suggest [unspecified|reboot|logout]
                                  Post-update user suggestion
  --display-name TEXT             The name of the update
  --staging                       Use the staging bodhi instance
  --from-tag                      Use builds from a Koji tag instead of
                                  specifying them individually
  --file TEXT                     A text file containing all the update
                                  details
  --client-id TEXT                The OIDC client_id. Ignored if --staging is
                                  set.
  --id-provider TEXT              The OIDC provider. Ignored if --staging is
                                  set.
  --url TEXT                      URL of a Bodhi server. Ignored if --staging
                                  is set. Can be set with BODHI_URL
                                  environment variable
  --debug                         Display debugging information.
  --help                          Show this message and exit.
`,
  'updates edit': `Usage: bodhi updates edit [OPTIONS] UPDATE

  Edit an existing update.

  UPDATE: The alias of the update (e.g. FEDORA-2017-f8e0ef2850)

Options:
  --type [TYPES]
                                  Update type
  --addbuilds TEXT                Add Comma-separated list of build nvr
  --removebuilds TEXT             Remove Comma-separated list of build nvr
  --severity [unspecified|low|medium|high|urgent]
                                  Update severity
  --notes TEXT                    Update description
  --notes-file TEXT               Update description from a file
  --bugs TEXT                     Comma-separated list of bug numbers
  --close-bugs / --no-close-bugs  Automatically close bugs or not
  --request [testing|stable|unpush]
                                  Requested repository
  --autotime / --no-autotime      Enable/Disable stable push based on time in
                                  testing
  --stable-days INTEGER           Days in testing required to push to stable
  --autokarma / --no-autokarma    Enable/Disable karma automatism
  --stable-karma INTEGER          Stable karma threshold
  --unstable-karma INTEGER        Unstable karma threshold
  --requirements TEXT             Space or comma-separated list of required
                                  Taskotron tasks
  --suggest [unspecified|reboot|logout]
                                  Post-update user suggestion
  --display-name TEXT             The name of the update
  --staging                       Use the staging bodhi instance
  --client-id TEXT                The OIDC client_id. Ignored if --staging is
                                  set.
  --id-provider TEXT              The OIDC provider. Ignored if --staging is
                                  set.
  --url TEXT                      URL of a Bodhi server. Ignored if --staging
                                  is set. Can be set with BODHI_URL
                                  environment variable
  --debug                         Display debugging information.
  --help                          Show this message and exit.
`,
  'updates query': `Usage: bodhi updates query [OPTIONS]

  Query updates on Bodhi.

  A leading '*' means that this is a 'security' update.

  The number between brackets next to the date indicates the number of days
  the update is in the current state.

Options:
  --updateid TEXT                 Query by update ID (eg: FEDORA-2015-0001)
  --alias TEXT                    Query by alias
  --approved-since TEXT           Approved after a specific timestamp
  --approved-before TEXT          Approved before a specific timestamp
  --modified-since TEXT           Modified after a specific timestamp
  --modified-before TEXT          Modified before a specific timestamp
  --builds TEXT                   Query updates based on builds
  --bugs TEXT                     A list of bug numbers
  --critpath                      Query only critical path packages
  --packages TEXT                 Query by package name(s)
  --content-type [rpm|module]     Query updates based on content type
  --from-side-tag / --not-from-side-tag
                                  List only updates created from side-tag /
                                  not from side-tag
  --gating [passed|failed|ignored|waiting|running|queued|greenwave_failed]
                                  Filter by gating status
  --pushed                        Filter by pushed updates
  --pushed-since TEXT             Updates that have been pushed after a
                                  certain time
  --pushed-before TEXT            Updates that have been pushed before a
                                  certain time
  --releases TEXT                 Updates for specific releases
  --locked TEXT                   Updates that are in a locked state
  --request [testing|stable|unpush]
                                  Updates with a specific request
  --severity [unspecified|urgent|high|medium|low]
                                  Updates with a specific severity
  --submitted-since TEXT          Updates that have been submitted since a
                                  certain time
  --submitted-before TEXT         Updates that have been submitted before a
                                  certain time
  --status [pending|testing|stable|obsolete|unpushed]
                                  Filter by update status
  --suggest [unspecified|reboot|logout]
                                  Filter by post-update user suggestion
  --type [security|bugfix|enhancement|newpackage|unspecified]
                                  Filter by update type
  --user TEXT                     Updates submitted by a specific user
  --mine                          Show only your updates
  --client-id TEXT                The OIDC client_id. Ignored if --staging is
                                  set.
  --id-provider TEXT              The OIDC provider. Ignored if --staging is
                                  set.
  --staging                       Use the staging bodhi instance
  --url TEXT                      URL of a Bodhi server. Ignored if --staging
                                  is set. Can be set with BODHI_URL
                                  environment variable
  --debug                         Display debugging information.
  --rows INTEGER RANGE            Limits number of results shown per page
                                  [1<=x<=100]
  --page INTEGER RANGE            Go to page number  [x>=1]
  --help                          Show this message and exit.
`,
  'updates request': `Usage: bodhi updates request [OPTIONS] UPDATE STATE

  Change an update's request status.

  UPDATE: The alias of the update (e.g. FEDORA-2017-f8e0ef2850)

  STATE: The state you wish to change the update's request to. Valid options
  are testing, stable, obsolete, unpush, and revoke.

Options:
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
  'updates comment': `Usage: bodhi updates comment [OPTIONS] UPDATE TEXT

  Comment on an update.

  UPDATE: The alias of the update (e.g. FEDORA-2017-f8e0ef2850)

  TEXT: the comment to be added to the update

Options:
  --karma INTEGER     The karma for this comment (+1/0/-1)
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
  'updates waive': `Usage: bodhi updates waive [OPTIONS] UPDATE [COMMENT]

  Show or waive unsatified requirements (ie: missing or failing tests) on an
  existing update.

  UPDATE: The alias of the update (e.g. FEDORA-2017-f8e0ef2850)

  COMMENT: A comment explaining why the requirements were waived (mandatory
  with --test)

Options:
  --show              List all the required unsatisfied requirements
  --test TEXT         Waive the specific test(s), to automatically waive all
                      unsatisfied requirements, specify --test=all
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
  'updates trigger-tests': `Usage: bodhi updates trigger-tests [OPTIONS] UPDATE

  Trigger tests for existing update in testing status.

  UPDATE: The alias of the update (e.g. FEDORA-2017-f8e0ef2850)

Options:
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
  'updates download': `Usage: bodhi updates download [OPTIONS]

  Download the builds in one or more updates.

Options:
  --staging           Use the staging bodhi instance
  --arch TEXT         Specify arch of packages to download, "all" will
                      retrieve packages from all architectures
  --debuginfo         Include debuginfo packages
  --updateid TEXT     Download update(s) by ID(s) (comma-separated list)
  --builds TEXT       Download update(s) by build NVR(s) (comma-separated
                      list)
  --gpg / --no-gpg    Download GPG-signed packages
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
  'releases info': `Usage: bodhi releases info [OPTIONS] NAME

  Retrieve and print info about a named release.

Options:
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --debug             Display debugging information.
  --staging           Use the staging bodhi instance
  --help              Show this message and exit.
`,
  'releases list': `Usage: bodhi releases list [OPTIONS]

  Retrieve and print list of releases.

Options:
  --display-archived    Display full list, including archived releases.
  --url TEXT            URL of a Bodhi server. Ignored if --staging is set.
                        Can be set with BODHI_URL environment variable
  --client-id TEXT      The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT    The OIDC provider. Ignored if --staging is set.
  --debug               Display debugging information.
  --rows INTEGER RANGE  Limits number of results shown per page  [1<=x<=100]
  --page INTEGER RANGE  Go to page number  [x>=1]
  --staging             Use the staging bodhi instance
  --help                Show this message and exit.
`,
  'releases requirements': `Usage: bodhi releases requirements [OPTIONS] NAME

  Retrieve and print testing requirements for a release.

Options:
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --debug             Display debugging information.
  --staging           Use the staging bodhi instance
  --help              Show this message and exit.
`,
  'releases create': `Usage: bodhi releases create [OPTIONS]

  Create a release.

Options:
${RELEASE_OPTIONS}  --help                          Show this message and exit.
`,
  'releases edit': `Usage: bodhi releases edit [OPTIONS]

  Edit an existing release.

Options:
${RELEASE_OPTIONS}  --new-name TEXT                 New release name (eg: F20)
  --help                          Show this message and exit.
`,
  'overrides query': `Usage: bodhi overrides query [OPTIONS]

  Query the buildroot overrides.

Options:
  --user TEXT           Overrides submitted by a specific user
  --staging             Use the staging bodhi instance
  --mine                Show only your overrides.
  --packages TEXT       Query by comma-separated package name(s)
  --expired / --active  show only expired or active overrides
  --releases TEXT       Query by release shortname(s). e.g. F26
  --builds TEXT         Query by comma-separated build id(s)
  --url TEXT            URL of a Bodhi server. Ignored if --staging is set.
                        Can be set with BODHI_URL environment variable
  --client-id TEXT      The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT    The OIDC provider. Ignored if --staging is set.
  --debug               Display debugging information.
  --rows INTEGER RANGE  Limits number of results shown per page  [1<=x<=100]
  --page INTEGER RANGE  Go to page number  [x>=1]
  --help                Show this message and exit.
`,
  'overrides save': `Usage: bodhi overrides save [OPTIONS] NVR

  Create a buildroot override.

  NVR: the NVR (name-version-release) of the buildroot override to create

Options:
  --duration INTEGER  Number of days the override should exist.
  --notes TEXT        Notes on why this override is in place.
  --wait / --no-wait  Wait and ensure that the override is active
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --help              Show this message and exit.
`,
  'overrides edit': `Usage: bodhi overrides edit [OPTIONS] NVR

  Edit a buildroot override.

  NVR: the NVR (name-version-release) of the buildroot override to edit

Options:
  --duration INTEGER  Number of days the override should exist.
  --notes TEXT        Notes on why this override is in place.
  --wait / --no-wait  Wait and ensure that the override is active
  --staging           Use the staging bodhi instance
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --debug             Display debugging information.
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --expire            Expire the override
  --help              Show this message and exit.
`,
  'composes list': `Usage: bodhi composes list [OPTIONS]

  List composes.

  Asterisks next to composes indicate that they contain security updates.

Options:
  --staging           Use the staging bodhi instance
  -v, --verbose       Display more information.
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --debug             Display debugging information.
  --help              Show this message and exit.
`,
  'composes info': `Usage: bodhi composes info [OPTIONS] RELEASE REQUEST

  Retrieve and print info about a compose.

Options:
  --url TEXT          URL of a Bodhi server. Ignored if --staging is set. Can
                      be set with BODHI_URL environment variable
  --client-id TEXT    The OIDC client_id. Ignored if --staging is set.
  --id-provider TEXT  The OIDC provider. Ignored if --staging is set.
  --debug             Display debugging information.
  --staging           Use the staging bodhi instance
  --help              Show this message and exit.
`,
};
