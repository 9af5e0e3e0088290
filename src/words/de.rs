//! What the bot says, in German.
//!
//! Promises: as [`super`].
//!
//! Never: markup, or a character that is not ASCII; the test of [`super`] prints the texts as people read them.

use super::Units;

/// Names of the units of time.
pub(super) const UNITS: Units = Units {
    names: [
        ["Woche", "Wochen", "Wochen", "Woche"],
        ["Tag", "Tage", "Tage", "Tag"],
        ["Stunde", "Stunden", "Stunden", "Stunde"],
        ["Minute", "Minuten", "Minuten", "Minute"],
        ["Sekunde", "Sekunden", "Sekunden", "Sekunde"],
    ],
    lasting: "f\u{fc}r {0} {1}",
    for_ever: "f\u{fc}r immer",
};

texts! {
    // Cards.
    CardDone => "Erledigt: {0}",
    CardWould => "Nur aufgezeichnet. Sonst w\u{e4}re geschehen: {0}",
    CardUnsure => "Unsicher, es wurde nichts unternommen. Bitte ansehen.",
    CardNoRights => "Es wurde nichts unternommen: Dem Bot fehlen die Rechte dazu.",
    CardExempt => "Es wurde nichts unternommen: F\u{fc}r den Absender gilt eine Ausnahme.",
    CardGroup => "Gruppe: {0}",
    CardSender => "Absender: {0}",
    CardReason => "Grund: {0}",
    CardSaw => "Gefunden: {0}",
    CardNumber => "Entscheidung {0}",
    CardReports => "Gemeldet von {0}",
    CardJoined => "Beigetreten: {0}",
    CardImpersonator => "Gibt sich wom\u{f6}glich als Admin {0} aus",
    CardSummary => "Weitere Entscheidungen in {1}: {0}. Blockiert: {2}, unsicher: {3}. Alle stehen auf der Seite.",
    CardRaidBegan => "Raid in {0}. Beitritte in einer Minute: {1}, Nachrichten von Neuen: {2}. Der Raid-Modus ist an.",
    CardRaidOver => "Der Raid in {0} ist vorbei. Der Raid-Modus ist aus.",
    CardCopyMissing => "Die Nachricht lie\u{df} sich nicht kopieren.",

    // Buttons below a card.
    ButtonUndo => "R\u{fc}ckg\u{e4}ngig",
    ButtonConfirm => "Best\u{e4}tigen",
    ButtonBan => "Absender sperren",
    ButtonAllow => "Absender erlauben",
    ButtonNotSpam => "Kein Spam",
    ButtonHuman => "Ich bin ein Mensch",

    // Things done.
    ActDelete => "Nachricht gel\u{f6}scht",
    ActMute => "Absender {0} stummgeschaltet",
    ActKick => "Absender entfernt",
    ActBan => "Absender {0} gesperrt",
    ActWarn => "Absender verwarnt",
    ActNone => "nichts",

    // What came of a press.
    OutUndone => "R\u{fc}ckg\u{e4}ngig gemacht von {0}",
    OutConfirmed => "Best\u{e4}tigt von {0}",
    OutBanned => "Absender gesperrt von {0}",
    OutAllowed => "Absender erlaubt von {0}",
    OutNotSpam => "Von {0} als \u{201e}kein Spam\u{201c} markiert",
    OutFailed => "{0}: {1}",

    // Answers to a press.
    PressNotAdmin => "Das k\u{f6}nnen nur Admins der Gruppe.",
    PressOld => "Dieser Knopf gilt nicht mehr.",
    PressAlready => "Schon erledigt: {0}",
    PressDone => "Erledigt.",
    PressNotYours => "Dieser Knopf ist f\u{fc}r jemand anderen.",
    PressHuman => "Willkommen!",
    PressLate => "Zu sp\u{e4}t: Die Zeit ist um.",

    // Captcha.
    CaptchaAsk =>
        "{0}, bitte den Knopf dr\u{fc}cken (Zeit daf\u{fc}r: {1}). Bis dahin ist Schreiben hier nicht m\u{f6}glich.",

    // Warnings.
    WarnSaid => "{0}: Verwarnung {1} von {2}. {3}",
    WarnMuted => "{0}: {1} Verwarnungen, {2} stummgeschaltet.",
    WarnBanned => "{0}: {1} Verwarnungen, {2} gesperrt.",
    WarnNone => "{0} hat keine Verwarnungen.",
    WarnList => "{0} hat {1} von {2} Verwarnungen.",
    WarnRow => "{0}: {1}",
    WarnTaken => "Eine Verwarnung von {0} wurde zur\u{fc}ckgenommen.",

    // Answers to commands.
    SaidBanned => "{0} ist {1} gesperrt.",
    SaidMuted => "{0} ist {1} stummgeschaltet.",
    SaidUnbanned => "{0} darf wiederkommen.",
    SaidUnmuted => "{0} darf wieder schreiben.",
    SaidKicked => "{0} wurde entfernt und darf wiederkommen.",
    SaidApproved => "{0} ist freigegeben: Nachrichten werden nicht mehr gepr\u{fc}ft.",
    SaidUnapproved => "{0} ist nicht mehr freigegeben.",
    SaidSpam => "Entfernt und als Spam gelernt.",
    SaidHam => "Als harmlos gelernt.",
    SaidHamUndone => "Als harmlos gelernt. R\u{fc}ckg\u{e4}ngig gemacht: {0}",
    SaidPurged => "Gel\u{f6}schte Nachrichten: {0}",
    SaidRecorded => "Aufzeichnungsmodus: Es wurde nichts unternommen. Es w\u{e4}re gewesen: {0}",
    RaidIsOn => "Der Raid-Modus ist an bis {0}.",
    RaidIsOnOpen => "Der Raid-Modus ist an.",
    RaidIsOff => "Der Raid-Modus ist aus.",
    RaidOn => "Der Raid-Modus wurde {0} eingeschaltet.",
    RaidOff => "Der Raid-Modus wurde ausgeschaltet.",
    ModeIs => "Modus: {0}.",
    ModeSet => "Der Modus ist jetzt: {0}.",
    ModeRecord => "record (Entscheidungen werden nur aufgezeichnet)",
    ModeEnforce => "enforce (Entscheidungen werden ausgef\u{fc}hrt)",
    StatusLine => "Heute: Nachrichten {0}, blockiert {1}, unsicher {2}. Wartend: {3}. Modus: {4}.",
    WhyNone => "Die Regeln haben in dieser Nachricht nichts gefunden.",
    WhyFound => "Entscheidung {0}: {1}. Regeln: {2}",
    RulesNone => "F\u{fc}r diese Gruppe sind keine Regeln hinterlegt.",
    ReportThanks => "Danke. Die Admins wissen Bescheid.",
    ReportTooOften => "Das waren genug Meldungen f\u{fc}r den Moment. Bitte sp\u{e4}ter noch einmal versuchen.",
    ReportAlready => "Diese Nachricht wurde schon gemeldet.",

    // Refusals.
    WrongNeedsReply => "Bitte mit {0} auf eine Nachricht antworten oder die ID des Mitglieds angeben.",
    WrongNeedsMessage => "Bitte mit {0} auf die Nachricht antworten.",
    WrongLength =>
        "{0} ist keine Dauer. M\u{f6}glich sind 30m, 2h, 3d, 2w oder forever; mindestens 30s, h\u{f6}chstens 366d.",
    WrongName => "Telegram nennt Bots keine ID zu @{0}. Bitte auf eine Nachricht dieser Person antworten.",
    WrongNumber => "{0} ist nicht die ID eines Mitglieds.",
    WrongCount => "{0} ist keine Anzahl von Nachrichten.",
    WrongSwitch => "M\u{f6}glich sind {0} on oder {0} off.",
    WrongMode => "M\u{f6}glich sind {0} record oder {0} enforce.",
    WrongAdmin => "{0} ist Admin; es wurde nichts unternommen.",
    WrongBot => "Das ist dieser Bot selbst; es wurde nichts unternommen.",
    WrongSelf => "Gegen sich selbst geht das nicht; es wurde nichts unternommen.",
    WrongTooMany => "H\u{f6}chstens {0} Nachrichten auf einmal.",
    WrongRights => "Dem Bot fehlen hier die Rechte dazu.",
    WrongUnknown => "Dar\u{fc}ber ist nichts bekannt.",
    WrongBusy => "Zu viel auf einmal. Bitte gleich noch einmal versuchen.",
    WrongStorage => "Es lie\u{df} sich nicht speichern; es wurde nichts unternommen.",
    WrongNotAdmin => "{0} ist nur f\u{fc}r Admins.",

    // Descriptions of commands.
    DescSpam => "Diese Nachricht entfernen und als Spam lernen",
    DescHam => "Diese Nachricht als harmlos lernen und Folgen aufheben",
    DescBan => "Mitglied sperren, f\u{fc}r immer oder auf Zeit: 2h, 3d, 2w",
    DescMute => "Mitglied stummschalten, f\u{fc}r immer oder auf Zeit: 30m, 2h",
    DescUnban => "Sperre eines Mitglieds aufheben",
    DescUnmute => "Mitglied wieder schreiben lassen",
    DescKick => "Mitglied entfernen, R\u{fc}ckkehr m\u{f6}glich",
    DescWarn => "Mitglied verwarnen",
    DescUnwarn => "Letzte Verwarnung zur\u{fc}cknehmen",
    DescWarns => "Verwarnungen eines Mitglieds zeigen",
    DescApprove => "Nachrichten eines Mitglieds nicht mehr pr\u{fc}fen",
    DescUnapprove => "Nachrichten eines Mitglieds wieder pr\u{fc}fen",
    DescPurge => "Nachrichten ab dieser oder die letzten l\u{f6}schen",
    DescRaid => "Raid-Modus ein- oder ausschalten",
    DescMode => "Entscheidungen nur aufzeichnen oder ausf\u{fc}hren",
    DescStatus => "Zahlen von heute zeigen",
    DescWhy => "Entscheidung \u{fc}ber diese Nachricht erkl\u{e4}ren",
    DescRules => "Regeln dieser Gruppe zeigen",
    DescReport => "Diese Nachricht den Admins melden",
}
