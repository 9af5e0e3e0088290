//! What the bot says, in simplified Chinese.
//!
//! Promises: as [`super`].
//!
//! Never: markup, or a character that is not ASCII; the test of [`super`] prints the texts as people read them.

use super::Units;

/// Names of the units of time.
pub(super) const UNITS: Units = Units {
    names: [
        ["\u{5468}", "\u{5468}", "\u{5468}", "\u{5468}"],
        ["\u{5929}", "\u{5929}", "\u{5929}", "\u{5929}"],
        ["\u{5c0f}\u{65f6}", "\u{5c0f}\u{65f6}", "\u{5c0f}\u{65f6}", "\u{5c0f}\u{65f6}"],
        ["\u{5206}\u{949f}", "\u{5206}\u{949f}", "\u{5206}\u{949f}", "\u{5206}\u{949f}"],
        ["\u{79d2}", "\u{79d2}", "\u{79d2}", "\u{79d2}"],
    ],
    lasting: "{0} {1}",
    for_ever: "\u{6c38}\u{4e45}",
};

texts! {
    // Cards.
    CardDone => "\u{5df2}\u{6267}\u{884c}\u{ff1a}{0}",
    CardWould => "\u{4ec5}\u{8bb0}\u{5f55}\u{3002}\u{672c}\u{5e94}\u{6267}\u{884c}\u{ff1a}{0}",
    CardUnsure =>
        "\u{65e0}\u{6cd5}\u{786e}\u{5b9a}\u{ff0c}\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{3002}\u{8bf7}\
         \u{67e5}\u{770b}\u{3002}",
    CardNoRights =>
        "\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{ff1a}\u{673a}\u{5668}\u{4eba}\u{6ca1}\u{6709}\u{6240}\
         \u{9700}\u{6743}\u{9650}\u{3002}",
    CardExempt =>
        "\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{ff1a}\u{53d1}\u{9001}\u{8005}\u{5df2}\u{88ab}\u{8c41}\
         \u{514d}\u{3002}",
    CardGroup => "\u{7fa4}\u{7ec4}\u{ff1a}{0}",
    CardSender => "\u{53d1}\u{9001}\u{8005}\u{ff1a}{0}",
    CardReason => "\u{539f}\u{56e0}\u{ff1a}{0}",
    CardSaw => "\u{53d1}\u{73b0}\u{ff1a}{0}",
    CardNumber => "\u{51b3}\u{5b9a} {0}",
    CardReports => "\u{4e3e}\u{62a5}\u{4eba}\u{ff1a}{0}",
    CardJoined => "\u{52a0}\u{5165}\u{65f6}\u{95f4}\u{ff1a}{0}",
    CardImpersonator => "\u{53ef}\u{80fd}\u{5728}\u{5192}\u{5145}\u{7ba1}\u{7406}\u{5458} {0}",
    CardSummary =>
        "{1} \u{4e2d}\u{53e6}\u{6709} {0} \u{4e2a}\u{51b3}\u{5b9a}\u{ff1a}\u{5df2}\u{62e6}\u{622a} {2} \
         \u{4e2a}\u{ff0c}\u{65e0}\u{6cd5}\u{786e}\u{5b9a} {3} \u{4e2a}\u{3002}\u{5168}\u{90e8}\u{51b3}\u{5b9a}\u{53ef}\
         \u{5728}\u{7f51}\u{9875}\u{4e0a}\u{67e5}\u{770b}\u{3002}",
    CardRaidBegan =>
        "{0} \u{906d}\u{5230}\u{6076}\u{610f}\u{6d8c}\u{5165}\u{3002}\u{4e00}\u{5206}\u{949f}\u{5185}\u{6709} {1} \
         \u{4eba}\u{52a0}\u{5165}\u{ff0c}\u{65b0}\u{6210}\u{5458}\u{53d1}\u{9001}\u{4e86} {2} \
         \u{6761}\u{6d88}\u{606f}\u{3002}\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}\u{5df2}\u{5f00}\u{542f}\u{3002}",
    CardRaidOver =>
        "{0} \u{7684}\u{6076}\u{610f}\u{6d8c}\u{5165}\u{5df2}\u{7ed3}\u{675f}\u{3002}\u{9632}\u{6d8c}\u{5165}\u{6a21}\
         \u{5f0f}\u{5df2}\u{5173}\u{95ed}\u{3002}",
    CardCopyMissing => "\u{65e0}\u{6cd5}\u{590d}\u{5236}\u{8be5}\u{6d88}\u{606f}\u{3002}",

    // Buttons below a card.
    ButtonUndo => "\u{64a4}\u{9500}",
    ButtonConfirm => "\u{786e}\u{8ba4}",
    ButtonBan => "\u{5c01}\u{7981}\u{53d1}\u{9001}\u{8005}",
    ButtonAllow => "\u{653e}\u{884c}\u{53d1}\u{9001}\u{8005}",
    ButtonNotSpam => "\u{4e0d}\u{662f}\u{5783}\u{573e}\u{6d88}\u{606f}",
    ButtonHuman => "\u{6211}\u{662f}\u{771f}\u{4eba}",

    // Things done.
    ActDelete => "\u{5df2}\u{5220}\u{9664}\u{6d88}\u{606f}",
    ActMute => "\u{5df2}\u{7981}\u{8a00}\u{53d1}\u{9001}\u{8005}\u{ff08}{0}\u{ff09}",
    ActKick => "\u{5df2}\u{79fb}\u{51fa}\u{53d1}\u{9001}\u{8005}",
    ActBan => "\u{5df2}\u{5c01}\u{7981}\u{53d1}\u{9001}\u{8005}\u{ff08}{0}\u{ff09}",
    ActWarn => "\u{5df2}\u{8b66}\u{544a}\u{53d1}\u{9001}\u{8005}",
    ActNone => "\u{65e0}",

    // What came of a press.
    OutUndone => "\u{5df2}\u{7531} {0} \u{64a4}\u{9500}",
    OutConfirmed => "\u{5df2}\u{7531} {0} \u{786e}\u{8ba4}",
    OutBanned => "\u{53d1}\u{9001}\u{8005}\u{5df2}\u{7531} {0} \u{5c01}\u{7981}",
    OutAllowed => "\u{53d1}\u{9001}\u{8005}\u{5df2}\u{7531} {0} \u{653e}\u{884c}",
    OutNotSpam => "\u{5df2}\u{7531} {0} \u{6807}\u{8bb0}\u{4e3a}\u{975e}\u{5783}\u{573e}\u{6d88}\u{606f}",
    OutFailed => "{0}\u{ff1a}{1}",

    // Answers to a press.
    PressNotAdmin =>
        "\u{53ea}\u{6709}\u{7fa4}\u{7ec4}\u{7ba1}\u{7406}\u{5458}\u{53ef}\u{4ee5}\u{8fd9}\u{6837}\u{505a}\u{3002}",
    PressOld => "\u{6b64}\u{6309}\u{94ae}\u{5df2}\u{5931}\u{6548}\u{3002}",
    PressAlready => "\u{6b64}\u{524d}\u{5df2}\u{5904}\u{7406}\u{ff1a}{0}",
    PressDone => "\u{5df2}\u{5b8c}\u{6210}\u{3002}",
    PressNotYours => "\u{6b64}\u{6309}\u{94ae}\u{662f}\u{7ed9}\u{5176}\u{4ed6}\u{4eba}\u{7684}\u{3002}",
    PressHuman => "\u{6b22}\u{8fce}\u{ff01}",
    PressLate => "\u{592a}\u{665a}\u{4e86}\u{ff0c}\u{65f6}\u{95f4}\u{5df2}\u{8fc7}\u{3002}",

    // Captcha.
    CaptchaAsk =>
        "{0}\u{ff0c}\u{8bf7}\u{5728} {1}\u{5185}\u{70b9}\u{51fb}\u{6309}\u{94ae}\u{3002}\u{5728}\u{6b64}\u{4e4b}\
         \u{524d}\u{60a8}\u{65e0}\u{6cd5}\u{5728}\u{8fd9}\u{91cc}\u{53d1}\u{8a00}\u{3002}",

    // Warnings.
    WarnSaid => "{0}\u{ff1a}\u{7b2c} {1} \u{6b21}\u{8b66}\u{544a}\u{ff0c}\u{5171} {2} \u{6b21}\u{3002}{3}",
    WarnMuted =>
        "{0}\u{ff1a}\u{5df2}\u{6536}\u{5230} {1} \
         \u{6b21}\u{8b66}\u{544a}\u{ff0c}\u{88ab}\u{7981}\u{8a00}\u{ff08}{2}\u{ff09}\u{3002}",
    WarnBanned =>
        "{0}\u{ff1a}\u{5df2}\u{6536}\u{5230} {1} \
         \u{6b21}\u{8b66}\u{544a}\u{ff0c}\u{88ab}\u{5c01}\u{7981}\u{ff08}{2}\u{ff09}\u{3002}",
    WarnNone => "{0} \u{6ca1}\u{6709}\u{8b66}\u{544a}\u{3002}",
    WarnList => "{0} \u{7684}\u{8b66}\u{544a}\u{ff1a}{1} / {2}\u{3002}",
    WarnRow => "{0}\u{ff1a}{1}",
    WarnTaken => "\u{5df2}\u{64a4}\u{56de}\u{5bf9} {0} \u{7684}\u{4e00}\u{6b21}\u{8b66}\u{544a}\u{3002}",

    // Answers to commands.
    SaidBanned => "\u{5df2}\u{5c01}\u{7981} {0}\u{ff08}{1}\u{ff09}\u{3002}",
    SaidMuted => "\u{5df2}\u{7981}\u{8a00} {0}\u{ff08}{1}\u{ff09}\u{3002}",
    SaidUnbanned => "{0} \u{53ef}\u{4ee5}\u{91cd}\u{65b0}\u{52a0}\u{5165}\u{4e86}\u{3002}",
    SaidUnmuted => "{0} \u{53ef}\u{4ee5}\u{91cd}\u{65b0}\u{53d1}\u{8a00}\u{4e86}\u{3002}",
    SaidKicked =>
        "\u{5df2}\u{79fb}\u{51fa} {0}\u{ff0c}\u{5bf9}\u{65b9}\u{53ef}\u{4ee5}\u{91cd}\u{65b0}\u{52a0}\u{5165}\u{3002}",
    SaidApproved =>
        "\u{5df2}\u{4fe1}\u{4efb} \
         {0}\u{ff1a}\u{5176}\u{6d88}\u{606f}\u{4e0d}\u{518d}\u{63a5}\u{53d7}\u{68c0}\u{67e5}\u{3002}",
    SaidUnapproved => "\u{5df2}\u{4e0d}\u{518d}\u{4fe1}\u{4efb} {0}\u{3002}",
    SaidSpam =>
        "\u{5df2}\u{5220}\u{9664}\u{ff0c}\u{5e76}\u{5b66}\u{4e60}\u{4e3a}\u{5783}\u{573e}\u{6d88}\u{606f}\u{3002}",
    SaidHam => "\u{5df2}\u{5b66}\u{4e60}\u{4e3a}\u{6b63}\u{5e38}\u{6d88}\u{606f}\u{3002}",
    SaidHamUndone =>
        "\u{5df2}\u{5b66}\u{4e60}\u{4e3a}\u{6b63}\u{5e38}\u{6d88}\u{606f}\u{3002}\u{5df2}\u{64a4}\u{9500}\u{ff1a}{0}",
    SaidPurged => "\u{5df2}\u{5220}\u{9664} {0} \u{6761}\u{6d88}\u{606f}",
    SaidRecorded =>
        "\u{8bb0}\u{5f55}\u{6a21}\u{5f0f}\u{ff1a}\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{3002}\u{672c}\
         \u{5e94}\u{6267}\u{884c}\u{ff1a}{0}",
    RaidIsOn => "\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}\u{5df2}\u{5f00}\u{542f}\u{ff0c}\u{76f4}\u{5230} {0}\u{3002}",
    RaidIsOnOpen => "\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}\u{5904}\u{4e8e}\u{5f00}\u{542f}\u{72b6}\u{6001}\u{3002}",
    RaidIsOff => "\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}\u{5904}\u{4e8e}\u{5173}\u{95ed}\u{72b6}\u{6001}\u{3002}",
    RaidOn => "\u{5df2}\u{5f00}\u{542f}\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}\u{ff08}{0}\u{ff09}\u{3002}",
    RaidOff => "\u{5df2}\u{5173}\u{95ed}\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}\u{3002}",
    ModeIs => "\u{6a21}\u{5f0f}\u{ff1a}{0}\u{3002}",
    ModeSet => "\u{6a21}\u{5f0f}\u{5df2}\u{6539}\u{4e3a}\u{ff1a}{0}\u{3002}",
    ModeRecord => "record\u{ff08}\u{4ec5}\u{8bb0}\u{5f55}\u{51b3}\u{5b9a}\u{ff09}",
    ModeEnforce => "enforce\u{ff08}\u{6267}\u{884c}\u{51b3}\u{5b9a}\u{ff09}",
    StatusLine =>
        "\u{4eca}\u{65e5}\u{ff1a}\u{6d88}\u{606f} {0}\u{ff0c}\u{5df2}\u{62e6}\u{622a} \
         {1}\u{ff0c}\u{65e0}\u{6cd5}\u{786e}\u{5b9a} \
         {2}\u{3002}\u{7b49}\u{5f85}\u{4e2d}\u{ff1a}{3}\u{3002}\u{6a21}\u{5f0f}\u{ff1a}{4}\u{3002}",
    WhyNone =>
        "\u{89c4}\u{5219}\u{5728}\u{6b64}\u{6d88}\u{606f}\u{4e2d}\u{6ca1}\u{6709}\u{53d1}\u{73b0}\u{95ee}\u{9898}\
         \u{3002}",
    WhyFound => "\u{51b3}\u{5b9a} {0}\u{ff1a}{1}\u{3002}\u{89c4}\u{5219}\u{ff1a}{2}",
    RulesNone => "\u{6b64}\u{7fa4}\u{7ec4}\u{6ca1}\u{6709}\u{5199}\u{660e}\u{7fa4}\u{89c4}\u{3002}",
    ReportThanks => "\u{8c22}\u{8c22}\u{3002}\u{5df2}\u{901a}\u{77e5}\u{7ba1}\u{7406}\u{5458}\u{3002}",
    ReportTooOften =>
        "\u{60a8}\u{7684}\u{4e3e}\u{62a5}\u{6682}\u{65f6}\u{5df2}\u{8fbe}\u{4e0a}\u{9650}\u{ff0c}\u{8bf7}\u{7a0d}\
         \u{540e}\u{518d}\u{8bd5}\u{3002}",
    ReportAlready => "\u{6b64}\u{6d88}\u{606f}\u{5df2}\u{88ab}\u{4e3e}\u{62a5}\u{8fc7}\u{3002}",

    // Refusals.
    WrongNeedsReply =>
        "\u{8bf7}\u{7528} {0} \u{56de}\u{590d}\u{4e00}\u{6761}\u{6d88}\u{606f}\u{ff0c}\u{6216}\u{63d0}\u{4f9b}\u{6210}\
         \u{5458}\u{7684}\u{6570}\u{5b57} ID\u{3002}",
    WrongNeedsMessage => "\u{8bf7}\u{7528} {0} \u{56de}\u{590d}\u{8be5}\u{6d88}\u{606f}\u{3002}",
    WrongLength =>
        "{0} \u{4e0d}\u{662f}\u{6709}\u{6548}\u{65f6}\u{957f}\u{3002}\u{8bf7}\u{5199} \
         30m\u{3001}2h\u{3001}3d\u{3001}2w \u{6216} forever\u{ff1b}\u{6700}\u{77ed} 30s\u{ff0c}\u{6700}\u{957f} \
         366d\u{3002}",
    WrongName =>
        "Telegram \u{4e0d}\u{5411}\u{673a}\u{5668}\u{4eba}\u{63d0}\u{4f9b} @{0} \u{7684}\u{6570}\u{5b57} \
         ID\u{3002}\u{8bf7}\u{56de}\u{590d}\u{5bf9}\u{65b9}\u{7684}\u{4e00}\u{6761}\u{6d88}\u{606f}\u{3002}",
    WrongNumber => "{0} \u{4e0d}\u{662f}\u{6210}\u{5458}\u{7684}\u{6570}\u{5b57} ID\u{3002}",
    WrongCount => "{0} \u{4e0d}\u{662f}\u{6709}\u{6548}\u{7684}\u{6d88}\u{606f}\u{6570}\u{91cf}\u{3002}",
    WrongSwitch => "\u{8bf7}\u{5199} {0} on \u{6216} {0} off\u{3002}",
    WrongMode => "\u{8bf7}\u{5199} {0} record \u{6216} {0} enforce\u{3002}",
    WrongAdmin =>
        "{0} \u{662f}\u{7ba1}\u{7406}\u{5458}\u{ff0c}\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{3002}",
    WrongBot =>
        "\u{8fd9}\u{662f}\u{673a}\u{5668}\u{4eba}\u{81ea}\u{5df1}\u{ff0c}\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\
         \u{7406}\u{3002}",
    WrongSelf =>
        "\u{8fd9}\u{662f}\u{60a8}\u{81ea}\u{5df1}\u{ff0c}\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{3002}",
    WrongTooMany => "\u{4e00}\u{6b21}\u{6700}\u{591a} {0} \u{6761}\u{6d88}\u{606f}\u{3002}",
    WrongRights =>
        "\u{673a}\u{5668}\u{4eba}\u{5728}\u{8fd9}\u{91cc}\u{6ca1}\u{6709}\u{6240}\u{9700}\u{6743}\u{9650}\u{3002}",
    WrongUnknown => "\u{6ca1}\u{6709}\u{76f8}\u{5173}\u{8bb0}\u{5f55}\u{3002}",
    WrongBusy => "\u{8bf7}\u{6c42}\u{8fc7}\u{591a}\u{ff0c}\u{8bf7}\u{7a0d}\u{540e}\u{518d}\u{8bd5}\u{3002}",
    WrongStorage => "\u{65e0}\u{6cd5}\u{4fdd}\u{5b58}\u{ff0c}\u{672a}\u{505a}\u{4efb}\u{4f55}\u{5904}\u{7406}\u{3002}",
    WrongNotAdmin => "\u{53ea}\u{6709}\u{7ba1}\u{7406}\u{5458}\u{53ef}\u{4ee5}\u{4f7f}\u{7528} {0}\u{3002}",

    // Descriptions of commands.
    DescSpam =>
        "\u{5220}\u{9664}\u{6b64}\u{6d88}\u{606f}\u{5e76}\u{5b66}\u{4e60}\u{4e3a}\u{5783}\u{573e}\u{6d88}\u{606f}",
    DescHam =>
        "\u{5c06}\u{6b64}\u{6d88}\u{606f}\u{5b66}\u{4e60}\u{4e3a}\u{6b63}\u{5e38}\u{6d88}\u{606f}\u{5e76}\u{64a4}\
         \u{9500}\u{5904}\u{7406}",
    DescBan => "\u{6c38}\u{4e45}\u{6216}\u{9650}\u{65f6}\u{5c01}\u{7981}\u{6210}\u{5458}\u{ff1a}2h\u{3001}3d\u{3001}2w",
    DescMute =>
        "\u{6c38}\u{4e45}\u{6216}\u{9650}\u{65f6}\u{7981}\u{8a00}\u{6210}\u{5458}\u{ff1a}30m\u{3001}2h\u{3001}3d",
    DescUnban => "\u{89e3}\u{9664}\u{6210}\u{5458}\u{7684}\u{5c01}\u{7981}",
    DescUnmute => "\u{89e3}\u{9664}\u{6210}\u{5458}\u{7684}\u{7981}\u{8a00}",
    DescKick =>
        "\u{79fb}\u{51fa}\u{6210}\u{5458}\u{ff0c}\u{5bf9}\u{65b9}\u{53ef}\u{4ee5}\u{91cd}\u{65b0}\u{52a0}\u{5165}",
    DescWarn => "\u{8b66}\u{544a}\u{6210}\u{5458}",
    DescUnwarn => "\u{64a4}\u{56de}\u{6210}\u{5458}\u{7684}\u{4e0a}\u{4e00}\u{6b21}\u{8b66}\u{544a}",
    DescWarns => "\u{67e5}\u{770b}\u{6210}\u{5458}\u{7684}\u{8b66}\u{544a}",
    DescApprove => "\u{4e0d}\u{518d}\u{68c0}\u{67e5}\u{6210}\u{5458}\u{7684}\u{6d88}\u{606f}",
    DescUnapprove => "\u{91cd}\u{65b0}\u{68c0}\u{67e5}\u{6210}\u{5458}\u{7684}\u{6d88}\u{606f}",
    DescPurge =>
        "\u{5220}\u{9664}\u{4ece}\u{6b64}\u{6d88}\u{606f}\u{8d77}\u{6216}\u{6700}\u{8fd1}\u{7684}\u{82e5}\u{5e72}\
         \u{6761}\u{6d88}\u{606f}",
    DescRaid => "\u{5f00}\u{542f}\u{6216}\u{5173}\u{95ed}\u{9632}\u{6d8c}\u{5165}\u{6a21}\u{5f0f}",
    DescMode => "\u{4ec5}\u{8bb0}\u{5f55}\u{51b3}\u{5b9a}\u{ff0c}\u{6216}\u{6267}\u{884c}\u{51b3}\u{5b9a}",
    DescStatus => "\u{67e5}\u{770b}\u{4eca}\u{65e5}\u{6570}\u{636e}",
    DescWhy => "\u{8bf4}\u{660e}\u{5bf9}\u{6b64}\u{6d88}\u{606f}\u{7684}\u{5224}\u{65ad}",
    DescRules => "\u{67e5}\u{770b}\u{7fa4}\u{89c4}",
    DescReport => "\u{5411}\u{7ba1}\u{7406}\u{5458}\u{4e3e}\u{62a5}\u{6b64}\u{6d88}\u{606f}",
}
