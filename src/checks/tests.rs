//! Planted texts of machines that are not well, and the exact sentences about them.

use super::*;

const NOW: Wall = Wall(1_795_642_800_000);

fn well() -> Facts {
    Facts {
        wall: NOW,
        data: DataFolder {
            path: "/var/lib/aegis".to_owned(),
            mode: Some(Ok(0o700)),
            free_bytes: Some(20_000_000_000),
            ..DataFolder::default()
        },
        mountinfo: Some("24 1 179:2 / / rw,noatime shared:1 - ext4 /dev/root rw\n".to_owned()),
        controllers: Some("cpuset cpu io memory pids\n".to_owned()),
        heap: Heap {
            used: 10 << 20,
            promise: 48 << 20,
            limit: Some(100 << 20),
            wanted: 100 << 20,
            is_at_work: true,
            machine: Some(480 << 20),
            ram: 512 << 20,
        },
        ..Facts::default()
    }
}

/// The one finding that is not good.
#[track_caller]
fn wrong(facts: &Facts) -> (&'static str, State, String) {
    let found: Vec<Finding> = judge(facts).into_iter().filter(|found| found.state != State::Good).collect();
    assert_eq!(found.len(), 1, "{found:?}");
    let found = found.into_iter().next().expect("there is one");
    assert!(found.words.ends_with('.'), "one sentence: {}", found.words);
    (found.name, found.state, found.words)
}

#[track_caller]
fn is(facts: &Facts, name: &str, state: State, words: &str) {
    assert_eq!(wrong(facts), (name, state, words.to_owned()));
}

#[test]
fn a_machine_that_is_well_has_nothing_the_matter() {
    let found = judge(&well());
    assert!(found.iter().all(|found| found.state == State::Good), "{found:?}");
    assert_eq!(found.len(), 6, "{found:?}");
}

#[test]
fn a_clock_that_is_not_set_is_bad_and_one_that_nobody_confirmed_is_told() {
    let facts = Facts { wall: Wall(0), ..well() };
    is(
        &facts,
        "Clock",
        State::Bad,
        "The clock says 1970-01-01 00:00:00 UTC, which is past, so nothing is moderated until it is set: let the machine reach a \
         time server, or set it with `timedatectl set-time`.",
    );
    let (_, state, words) = wrong(&Facts { server: TimeServer::Awaited, ..well() });
    assert!(state == State::Warn && words.contains("no time server has confirmed it"), "{words}");
    let year = limits::CLOCK_MS_LEAST;
    assert_eq!(Wall(year).utc(), "2026-01-01 00:00:00 UTC");
    for (wall, server, waited, may) in [
        (year - 1, TimeServer::Answered, u64::MAX, false),
        (year - 1, TimeServer::Unknown, u64::MAX, false),
        (year, TimeServer::Unknown, 0, true),
        (year, TimeServer::Answered, 0, true),
        (year, TimeServer::Awaited, 0, false),
        (year, TimeServer::Awaited, limits::CLOCK_SYNC_WAIT_MS, true),
    ] {
        assert_eq!(may_date(Wall(wall), server, waited), may, "{wall} {server:?} {waited}");
    }
}

#[test]
fn a_data_folder_that_is_read_only_failing_full_or_open_is_told_with_its_cure() {
    let with = |data: DataFolder| Facts { data, ..well() };
    let data = well().data;
    let why = |text: &str| with(DataFolder { unwritable: Some(text.to_owned()), ..data.clone() });
    is(
        &why("Read-only file system (os error 30)"),
        "Storage",
        State::Bad,
        "Nothing can be written in /var/lib/aegis: Read-only file system (os error 30); the disk can only be read: the system makes \
         it so after errors of a worn card, so look at `dmesg`, and replace the card or mount it for writing.",
    );
    assert!(wrong(&why("Input/output error (os error 5)")).2.contains("replace it"));
    assert!(wrong(&why("Permission denied (os error 13)")).2.contains("with chown"));
    is(
        &with(DataFolder { free_bytes: Some(1_000_000), ..data.clone() }),
        "Storage",
        State::Warn,
        "Only 1 MB are free in /var/lib/aegis; make room: the database grows, and a copy of it needs its size again.",
    );
    is(
        &with(DataFolder { mode: Some(Ok(0o755)), ..data.clone() }),
        "Data folder",
        State::Warn,
        "/var/lib/aegis may be opened by others (mode 755); mend that with `chmod 700 /var/lib/aegis`.",
    );
    assert_eq!(wrong(&with(DataFolder { is_closed: true, ..data })).1, State::Bad);
}

#[test]
fn secrets_that_others_may_read_are_told() {
    let file = |mode, is_own| Private { what: "the bot's token", path: "/etc/aegis/token".to_owned(), mode, is_own };
    is(
        &Facts { secrets: vec![file(0o644, true)], ..well() },
        "Secrets",
        State::Warn,
        "/etc/aegis/token, the bot's token, is open to others (mode 644); mend that with `chmod 600 /etc/aegis/token`.",
    );
    for (mode, is_own, told) in [(0o600, true, false), (0o640, true, true), (0o640, false, false), (0o660, false, true)]
    {
        assert_eq!(secret(&file(mode, is_own)).is_some(), told, "{mode:o} {is_own}");
    }
}

#[test]
fn the_mount_of_the_data_folder_is_found_and_judged_by_its_options() {
    let on = |line: &str| Facts { mountinfo: Some(format!("1 0 0:1 / / rw - ext4 /dev/root rw\n{line}\n")), ..well() };
    is(
        &on("2 1 8:1 / /var/lib rw,noatime - ext4 /dev/sda1 rw,data=writeback"),
        "File system",
        State::Warn,
        "/var/lib, where /var/lib/aegis lies, is mounted with data=writeback, so a power cut may leave old bytes in new files; take \
         that option out of /etc/fstab and of the kernel's command line, and restart the machine.",
    );
    assert_eq!(wrong(&on("2 1 8:1 / /var ro,noatime - ext4 /dev/sda1 rw")).1, State::Bad);
    assert_eq!(wrong(&on("2 1 8:1 / /var rw - ext4 /dev/sda1 ro,errors=remount-ro")).1, State::Bad);
    assert!(wrong(&on("2 1 8:1 / /var rw - ext4 /dev/sda1 rw,nobarrier")).2.contains("barriers"));
    assert!(wrong(&on("2 1 0:9 / /var/lib/aegis rw - tmpfs tmpfs rw,size=1k")).2.contains("lies in memory"));
    assert!(wrong(&on("2 1 0:9 / / rw - overlay overlayroot rw")).2.contains("lies in memory"));
    for other in ["/var/lib/aegis2", "/home", "/var/lib/aeg"] {
        let facts = on(&format!("2 1 8:1 / {other} ro - ext4 /dev/sda1 rw,data=writeback"));
        assert!(judge(&facts).iter().all(|found| found.state == State::Good), "{other}");
    }
    let spaced = "2 1 8:1 / /mnt/my\\040disk\\134 rw - ext4 /dev/sda1 rw\nno mount at all\n\n - \n";
    assert_eq!(mount_of(spaced, "/mnt/my disk\\/x").expect("it is there").point, "/mnt/my disk\\");
    // What lies on top counts.
    let twice = "1 0 8:1 / /data ro - ext4 a rw\n2 1 8:2 / /data rw - ext4 b rw\n";
    assert_eq!(mount_of(twice, "/data").expect("it is there").source, "b");
}

#[test]
fn a_worn_card_is_told_by_its_own_registers() {
    let card = |life: &str, spare: &str| Facts {
        cards: vec![Registers {
            name: "mmcblk0".to_owned(),
            life_time: Some(life.to_owned()).filter(|text| !text.is_empty()),
            pre_eol_info: Some(spare.to_owned()).filter(|text| !text.is_empty()),
        }],
        ..well()
    };
    is(
        &card("0x01 0x0b\n", "0x01\n"),
        "Card",
        State::Bad,
        "The card mmcblk0 is worn out by its own account; make a backup on the page System, keep it elsewhere, and replace the card.",
    );
    assert_eq!(wrong(&card("0x09 0x01", "0x01")).1, State::Warn);
    assert_eq!(wrong(&card("0x02 0x01", "0x03")).1, State::Bad);
    assert_eq!(wrong(&card("0x02 0x01", "0x02")).1, State::Warn);
    let told = |facts: &Facts| judge(facts).into_iter().find(|found| found.name == "Card").map(|found| found.words);
    assert!(told(&card("0x02 0x01", "0x01")).is_some_and(|words| words.contains("at most 20 %")));
    for (life, spare) in [("", ""), ("0x00 0x00", "0x00"), ("none", "?")] {
        assert_eq!(told(&card(life, spare)), None, "an SD card says nothing");
    }
}

#[test]
fn a_board_that_gets_too_little_voltage_is_told() {
    let bits = |text: &str| Facts { throttled: Some(text.to_owned()), ..well() };
    is(
        &bits("50005\n"),
        "Power",
        State::Bad,
        "The board gets too little voltage now, which damages cards; take the power supply made for this board, and a short cable.",
    );
    is(
        &bits("0x50000"),
        "Power",
        State::Warn,
        "The board got too little voltage since it was started, which damages cards; take the power supply made for this board, and \
         a short cable.",
    );
    assert!(wrong(&bits("8")).2.contains("too hot"));
    let sensor = |alarm: &str| Facts {
        sensors: vec![Sensor { name: "rpi_volt".to_owned(), alarm: alarm.to_owned() }],
        ..well()
    };
    assert_eq!(wrong(&sensor("1\n")).1, State::Bad);
    for facts in [bits("0\n"), sensor("0\n")] {
        assert!(judge(&facts).iter().any(|found| found.name == "Power" && found.state == State::Good));
    }
    assert!(!judge(&bits("what")).iter().any(|found| found.name == "Power"));
}

#[test]
fn a_memory_controller_that_is_off_is_told() {
    let text = |cgroups: Option<&str>, controllers: Option<&str>| Facts {
        cgroups: cgroups.map(str::to_owned),
        controllers: controllers.map(str::to_owned),
        ..well()
    };
    let table = |enabled: &str| format!("#subsys_name\thierarchy\tnum_cgroups\tenabled\nmemory\t0\t71\t{enabled}\n");
    is(
        &text(Some(&table("0")), Some("cpuset cpu io pids")),
        "Memory control",
        State::Warn,
        "The kernel's memory control is off, so MemoryMax= in the unit does nothing and only the bounds of Aegis itself hold; add \
         cgroup_enable=memory to the one line in /boot/firmware/cmdline.txt, and restart the board.",
    );
    for (cgroups, controllers, on) in [
        (None, Some("cpu memory"), Some(true)),
        (None, Some("cpu memory_other"), Some(false)),
        (Some(table("1")), None, Some(true)),
        (Some(table("1")), Some("cpu"), Some(true)),
        (Some("cpu\t0\t1\t1\n".to_owned()), Some("memory"), Some(true)),
        (None, None, None),
    ] {
        assert_eq!(has_memory_controller(cgroups.as_deref(), controllers), on, "{cgroups:?} {controllers:?}");
    }
}

#[test]
fn memory_that_is_nearly_used_up_too_low_or_unbounded_is_told() {
    let heap = |used: u64, limit: Option<u64>, is_at_work| Facts {
        heap: Heap { used, promise: 48 << 20, limit, wanted: 100 << 20, is_at_work, ..Heap::default() },
        ..well()
    };
    assert!(
        wrong(&heap(44 << 20, Some(100 << 20), true))
            .2
            .starts_with("44.0 MiB of the 48.0 MiB that are promised are in use")
    );
    assert_eq!(wrong(&heap(0, Some(99 << 20), false)).1, State::Bad);
    let small = Heap { machine: Some(300 << 20), ram: 512 << 20, ..well().heap };
    assert!(wrong(&Facts { heap: small, ..well() }).2.contains("choose the profile of a smaller board"));
    assert!(wrong(&heap(0, None, true)).2.contains("RLIMIT_DATA"));
    let good = judge(&heap(0, None, false));
    assert!(
        good.iter()
            .any(|found| found.name == "Memory" && found.words.contains("when it runs, the system gives 100.0 MiB"))
    );
}
