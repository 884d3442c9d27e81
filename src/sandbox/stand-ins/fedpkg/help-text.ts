/** What `fedpkg` says to no command and to `--help`. */
export const HELP = `usage: fedpkg [-h] [--config CONFIG] [--dry-run] [--release RELEASE]
              [--name NAME] [--namespace NAMESPACE] [--user USER]
              [--password PASSWORD] [--runas RUNAS] [--path PATH] [--verbose]
              [--debug] [-q]
              {help,build,chain-build,clean,clog,clone,co,copr-build,commit,ci,compile,container-build,container-build-setup,diff,gimmespec,gitbuildhash,gitcred,giturl,import,install,lint,list-side-tags,local,mockbuild,mock-config,module-build,module-scratch-build,module-build-cancel,module-build-info,module-build-local,module-build-watch,module-overview,new,new-sources,patch,pre-push-check,prep,pull,push,remote,remove-side-tag,request-side-tag,retire,scratch-build,sources,srpm,switch-branch,tag,unused-patches,upload,verify-files,verrel}
              ...

options:
  -h, --help            show this help message and exit
  --config CONFIG, -C CONFIG
                        Specify a config file to use
  --dry-run             Perform a dry run.
  --release RELEASE     Override the discovered release from current branch,
                        which is used to determine the build target and value
                        of dist macro. Generally, release is the name of a
                        branch created in your package repository. --release
                        is an alias of --dist, hence --release should be used
                        instead.
  --name NAME           Override repository name. Use --namespace option to
                        change namespace. If not specified, name is discovered
                        from Git push URL or Git URL (last part of path with
                        .git extension removed) or from Name macro in spec
                        file, in that order.
  --namespace NAMESPACE
                        The package repository namespace. If omitted, default
                        to rpms if namespace is enabled.
  --user USER           Override the discovered user name
  --password PASSWORD   Password for Koji login
  --runas RUNAS         Run Koji commands as a different user
  --path PATH           Define the directory to work in (defaults to cwd)
  --verbose, -v         Run with verbose debug output
  --debug, -d           Run with debug output
  -q                    Run quietly only displaying errors

Targets:
  These are valid commands you can ask fedpkg to do

  {help,build,chain-build,clean,clog,clone,co,copr-build,commit,ci,compile,container-build,container-build-setup,diff,gimmespec,gitbuildhash,gitcred,giturl,import,install,lint,list-side-tags,local,mockbuild,mock-config,module-build,module-scratch-build,module-build-cancel,module-build-info,module-build-local,module-build-watch,module-overview,new,new-sources,patch,pre-push-check,prep,pull,push,remote,remove-side-tag,request-side-tag,retire,scratch-build,sources,srpm,switch-branch,tag,unused-patches,upload,verify-files,verrel}
    help                Show usage
    build               Request build
    chain-build         Build current package in order with other packages
    clean               Remove untracked files
    clog                Make a clog file containing top changelog entry
    clone               Clone and checkout a repository
    co                  Alias for clone
    copr-build          Build package in Copr
    commit              Commit changes
    ci                  Alias for commit
    compile             Local test rpmbuild compile
    container-build     Build a container
    container-build-setup
                        set options for container-build
    diff                Show changes between commits, commit and working tree,
                        etc
    gimmespec           Print the spec file name
    gitbuildhash        Print the git hash used to build the provided n-v-r
    giturl              Print the git url for building
    import              Import srpm content into a module
    install             Local test rpmbuild install
    lint                Run rpmlint against local spec and build output if
                        present.
    list-side-tags      List existing side-tags
    local               Local test rpmbuild binary
    mockbuild           Local test build using mock
    mock-config         Generate a mock config
    module-build        Build a module using MBS
    module-scratch-build
                        Build a scratch module using MBS
    module-build-cancel
                        Cancel an MBS module build
    module-build-info   Show information of an MBS module build
    module-build-local  Build a module locally using the mbs-manager command
    module-build-watch  Watch an MBS build
    module-overview     Shows an overview of MBS builds
    new                 Diff against last tag
    new-sources         Upload source files
    patch               Create and add a gendiff patch file
    pre-push-check      Check whether the eventual "git push" command could
                        proceed
    prep                Local test rpmbuild prep
    pull                Pull changes from the remote repository and update the
                        working copy.
    push                Push changes to remote repository
    remote              Operations with tracked repositories ('remotes'). This
                        is an experimental interface.
    remove-side-tag     Remove a side tag (without merging packages)
    request-side-tag    Create a new side tag
    retire              Retire a package/module
    scratch-build       Request scratch build
    sources             Download source files
    srpm                Create a source rpm
    switch-branch       Work with branches
    tag                 Management of git tags
    unused-patches      Print list of patches not referenced by name in the
                        specfile
    upload              Upload source files
    verify-files        Locally verify %files section
    verrel              Print the name-version-release.

For detailed help pass --help to a target
`;
