/** What `koji` says to no command, to `help` and to an unknown one. */
export const COMMAND_LIST = `Available commands:

admin commands:
        add-channel               Add a channel
        add-external-repo         Create an external repo and/or add one to a tag
        add-group                 Add a group to a tag
        add-group-pkg             Add a package to a group's package listing
        add-group-req             Add a group to a group's required list
        add-host                  Add a host
        add-host-to-channel       Add a host to a channel
        add-pkg                   Add a package to the listing for tag
        add-tag                   Add a new tag to the database
        add-tag-inheritance       Add to a tag's inheritance
        add-target                Create a new build target
        add-user                  Add a user
        add-volume                Add a new storage volume
        assign-task               Assign a task to a host
        block-group               Block group in tag
        block-group-pkg           Block a package from a group's package listing
        block-group-req           Block a group's requirement listing
        block-pkg                 Block a package in the listing for tag
        clone-tag                 Duplicate the contents of one tag onto another tag
        disable-channel           Mark one or more channels as disabled
        disable-host              Mark one or more hosts as disabled
        disable-user              Disable logins by a user
        edit-channel              Edit a channel
        edit-external-repo        Edit data for an external repo
        edit-host                 Edit a host
        edit-permission           Edit a permission description
        edit-tag                  Alter tag information
        edit-tag-inheritance      Edit tag inheritance
        edit-target               Set the name, build_tag, and/or dest_tag of an existing build target to new values
        edit-user                 Alter user information
        enable-channel            Mark one or more channels as enabled
        enable-host               Mark one or more hosts as enabled
        enable-user               Enable logins by a user
        free-task                 Free a task
        grant-cg-access           Add a user to a content generator
        grant-permission          Grant a permission to a user
        import                    Import externally built RPMs into the database
        import-archive            Import an archive file and associate it with a build
        import-cg                 Import external builds with rich metadata
        import-sig                Import signatures into the database and write signed RPMs
        list-signed               List signed copies of rpms
        list-users                List of users
        lock-tag                  Lock a tag
        make-task                 Create an arbitrary task
        prune-signed-copies       Prune signed copies
        regen-repo                Generate a current repo if there is not one
        remove-external-repo      Remove an external repo from a tag or tags, or remove entirely
        remove-group              Remove group from tag
        remove-group-pkg          Remove packages from a group's package listing
        remove-group-req          Remove entries from a group's requirement listing
        remove-host-from-channel  Remove a host from a channel
        remove-pkg                Remove a package from the listing for tag
        remove-sig                Remove signed RPMs from db and disk
        remove-tag                Remove a tag
        remove-tag-inheritance    Remove a tag inheritance link
        remove-target             Remove a build target
        rename-sig                Adjust the sigkey value for an rpm signature
        reserve-cg                Reserve a build entry for later import
        restart-hosts             Restart enabled hosts
        revoke-cg-access          Remove a user from a content generator
        revoke-permission         Revoke a permission from a user
        runroot                   Run a command in a buildroot
        set-build-volume          Move a build to a different volume
        set-pkg-arches            Set the list of extra arches for a package
        set-pkg-owner             Set the owner for a package
        set-pkg-owner-global      Set the owner for a package globally
        set-task-priority         Set task priority
        unblock-group             Unblock a group from tag
        unblock-group-pkg         Unblock a package from a group's package listing
        unblock-group-req         Unblock a group's requirement listing
        unblock-pkg               Unblock a package in the listing for tag
        unlock-tag                Unlock a tag
        userinfo                  Show information about a user
        write-signed-rpm          Write signed RPMs to disk

bind commands:
        move-build                'Move' one or more builds between tags
        tag-build                 Apply a tag to one or more builds
        untag-build               Remove a tag from one or more builds

build commands:
        build                     Build a package from source
        cancel                    Cancel tasks and/or builds
        chain-build               Build one or more packages from source
        dud-build                 Run a command in a buildroot
        image-build               Create a disk image given an install tree
        image-build-indirection   Create a disk image using other disk images via the Indirection plugin
        kiwi-build                Run a command in a buildroot
        maven-build               Build a Maven package from source
        maven-chain               Run a set of Maven builds in dependency order
        resubmit                  Retry a canceled or failed task, using the same parameter as the original task.
        spin-appliance            Create an appliance given a kickstart file
        spin-livecd               Create a live CD image given a kickstart file
        spin-livemedia            Create a livemedia image given a kickstart file
        win-build                 Build a Windows package from source
        wrapper-rpm               Build wrapper rpms for any archives associated with a build.

download commands:
        download-build            Download a completed build
        download-logs             Download logs for task
        download-task             Download the output of a build task

info commands:
        buildinfo                 Print basic information about a build
        help                      List available commands
        hostinfo                  Print basic information about a host
        latest-build              Print the latest builds for a tag
        list-api                  Print the list of XML-RPC APIs
        list-buildroot            List the rpms used in or built in a buildroot
        list-builds               Print the build listing
        list-channels             Print channels listing
        list-external-repos       List external repos
        list-groups               Print the group listings
        list-history              Display historical data
        list-hosts                Print the host listing
        list-permissions          List user permissions
        list-pkgs                 Print the package listing for tag or for owner
        list-tag-inheritance      Print the inheritance information for a tag
        list-tagged               List the builds or rpms in a tag
        list-tags                 Print the list of tags
        list-targets              List the build targets
        list-tasks                Print the list of tasks
        list-untagged             List untagged builds
        list-volumes              List storage volumes
        mock-config               Create a mock config
        repoinfo                  Print basic information about a repo
        rpminfo                   Print basic information about an RPM
        show-groups               Show groups data for a tag
        taginfo                   Print basic information about a tag
        taskinfo                  Show information about a task

miscellaneous commands:
        add-sidetag               Create sidetag
        call                      Execute an arbitrary XML-RPC call
        dist-repo                 Create a yum repo with distribution options
        edit-sidetag              Edit sidetag
        import-comps              Import group/package information from a comps file
        list-sidetags             List sidetags
        moshimoshi                Introduce yourself
        promote-build             Promote a draft build
        remove-sidetag            Remove sidetag
        request-repo              Request a repo for a tag
        save-failed-tree          Create tarball with whole buildtree
        version                   Report client and hub versions

monitor commands:
        add-notification          Add user's notification
        block-notification        Block user's notifications
        edit-notification         Edit user's notification
        list-notifications        List user's notifications and blocks
        remove-notification       Remove user's notifications
        scheduler-info            Show information about scheduling
        scheduler-logs            Query scheduler logs
        unblock-notification      Unblock user's notification
        wait-repo                 Wait for a repo to be regenerated
        wait-repo-request         Wait for an existing repo request
        watch-logs                Watch logs in realtime
        watch-task                Track progress of particular tasks

search commands:
        search                    Search the system

Try "koji --help" for help about global options
Try "koji help" to get all available commands
Try "koji <command> --help" for help about the options of a particular command
Try "koji help <category>" to get commands under a particular category
Available categories are: admin, all, bind, build, download, info, misc, monitor, search
`;
