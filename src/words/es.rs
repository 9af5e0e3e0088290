//! What the bot says, in Spanish.
//!
//! Promises: as [`super`].
//!
//! Never: markup, or a character that is not ASCII; the test of [`super`] prints the texts as people read them.

use super::Units;

/// Names of the units of time.
pub(super) const UNITS: Units = Units {
    names: [
        ["semana", "semanas", "semanas", "semana"],
        ["d\u{ed}a", "d\u{ed}as", "d\u{ed}as", "d\u{ed}a"],
        ["hora", "horas", "horas", "hora"],
        ["minuto", "minutos", "minutos", "minuto"],
        ["segundo", "segundos", "segundos", "segundo"],
    ],
    lasting: "durante {0} {1}",
    for_ever: "para siempre",
};

texts! {
    // Cards.
    CardDone => "Hecho: {0}",
    CardWould => "Solo registrado. Se habr\u{ed}a hecho: {0}",
    CardUnsure => "Hay dudas; no se ha hecho nada. Conviene revisarlo.",
    CardNoRights => "No se ha hecho nada: el bot no tiene permisos para ello.",
    CardExempt => "No se ha hecho nada: el remitente est\u{e1} exento.",
    CardGroup => "Grupo: {0}",
    CardSender => "Remitente: {0}",
    CardReason => "Motivo: {0}",
    CardSaw => "Detectado: {0}",
    CardNumber => "Decisi\u{f3}n {0}",
    CardReports => "Denunciado por {0}",
    CardJoined => "Entrada en el grupo: {0}",
    CardImpersonator => "Podr\u{ed}a hacerse pasar por {0}, de la administraci\u{f3}n",
    CardSummary =>
        "M\u{e1}s decisiones en {1}: {0}. Bloqueadas: {2}, dudosas: {3}. Todas est\u{e1}n en la p\u{e1}gina.",
    CardRaidBegan =>
        "Raid en {0}. Entradas en un minuto: {1}, mensajes de reci\u{e9}n llegados: {2}. Modo raid activado.",
    CardRaidOver => "El raid en {0} ha terminado. Modo raid desactivado.",
    CardCopyMissing => "No se pudo copiar el mensaje.",

    // Buttons below a card.
    ButtonUndo => "Deshacer",
    ButtonConfirm => "Confirmar",
    ButtonBan => "Vetar al remitente",
    ButtonAllow => "Permitir al remitente",
    ButtonNotSpam => "No es spam",
    ButtonHuman => "Soy una persona",

    // Things done.
    ActDelete => "mensaje eliminado",
    ActMute => "remitente silenciado {0}",
    ActKick => "remitente expulsado",
    ActBan => "remitente vetado {0}",
    ActWarn => "remitente advertido",
    ActNone => "nada",

    // What came of a press.
    OutUndone => "Deshecho por {0}",
    OutConfirmed => "Confirmado por {0}",
    OutBanned => "Remitente vetado por {0}",
    OutAllowed => "Remitente permitido por {0}",
    OutNotSpam => "Marcado como no spam por {0}",
    OutFailed => "{0}: {1}",

    // Answers to a press.
    PressNotAdmin => "Solo la administraci\u{f3}n del grupo puede hacer esto.",
    PressOld => "Este bot\u{f3}n ya no es v\u{e1}lido.",
    PressAlready => "Ya estaba hecho: {0}",
    PressDone => "Hecho.",
    PressNotYours => "Este bot\u{f3}n es para otra persona.",
    PressHuman => "\u{a1}Te damos la bienvenida!",
    PressLate => "Demasiado tarde: se acab\u{f3} el tiempo.",

    // Captcha.
    CaptchaAsk =>
        "{0}, pulsa el bot\u{f3}n, por favor. Tiempo disponible: {1}. Hasta entonces no se puede escribir aqu\u{ed}.",

    // Warnings.
    WarnSaid => "{0}: advertencia {1} de {2}. {3}",
    WarnMuted => "{0}: {1} advertencias, sin poder escribir {2}.",
    WarnBanned => "{0}: {1} advertencias, veto {2}.",
    WarnNone => "{0} no tiene advertencias.",
    WarnList => "{0} tiene {1} de {2} advertencias.",
    WarnRow => "{0}: {1}",
    WarnTaken => "Se ha retirado una advertencia a {0}.",

    // Answers to commands.
    SaidBanned => "Se ha vetado a {0} {1}.",
    SaidMuted => "Se ha silenciado a {0} {1}.",
    SaidUnbanned => "{0} puede volver.",
    SaidUnmuted => "{0} puede volver a escribir.",
    SaidKicked => "Se ha expulsado a {0}; puede volver.",
    SaidApproved => "Se ha aprobado a {0}: sus mensajes ya no se revisan.",
    SaidUnapproved => "{0} ya no cuenta con aprobaci\u{f3}n.",
    SaidSpam => "Eliminado y aprendido como spam.",
    SaidHam => "Aprendido como leg\u{ed}timo.",
    SaidHamUndone => "Aprendido como leg\u{ed}timo. Deshecho: {0}",
    SaidPurged => "Mensajes eliminados: {0}",
    SaidRecorded => "Modo registro: no se ha hecho nada. Habr\u{ed}a sido: {0}",
    RaidIsOn => "Modo raid activado hasta {0}.",
    RaidIsOnOpen => "El modo raid est\u{e1} activado.",
    RaidIsOff => "El modo raid est\u{e1} desactivado.",
    RaidOn => "Se ha activado el modo raid {0}.",
    RaidOff => "Se ha desactivado el modo raid.",
    ModeIs => "Modo: {0}.",
    ModeSet => "El modo es ahora: {0}.",
    ModeRecord => "record (las decisiones solo se registran)",
    ModeEnforce => "enforce (las decisiones se ejecutan)",
    StatusLine => "Hoy: mensajes {0}, bloqueados {1}, dudosos {2}. En espera: {3}. Modo: {4}.",
    WhyNone => "Las reglas no vieron nada en este mensaje.",
    WhyFound => "Decisi\u{f3}n {0}: {1}. Reglas: {2}",
    RulesNone => "No hay normas escritas para este grupo.",
    ReportThanks => "Gracias. Se ha avisado a la administraci\u{f3}n.",
    ReportTooOften => "Ya son bastantes denuncias por ahora. Int\u{e9}ntalo m\u{e1}s tarde, por favor.",
    ReportAlready => "Este mensaje ya se hab\u{ed}a denunciado.",

    // Refusals.
    WrongNeedsReply => "Responde a un mensaje con {0} o indica el ID del miembro.",
    WrongNeedsMessage => "Responde al mensaje con {0}.",
    WrongLength =>
        "{0} no es una duraci\u{f3}n. Escribe 30m, 2h, 3d, 2w o forever; como m\u{ed}nimo 30s, como m\u{e1}ximo 366d.",
    WrongName => "Telegram no da a los bots el ID de @{0}. Responde a un mensaje de esa persona.",
    WrongNumber => "{0} no es el ID de un miembro.",
    WrongCount => "{0} no es una cantidad de mensajes.",
    WrongSwitch => "Escribe {0} on o {0} off.",
    WrongMode => "Escribe {0} record o {0} enforce.",
    WrongAdmin => "{0} es de la administraci\u{f3}n; no se ha hecho nada.",
    WrongBot => "Es este mismo bot; no se ha hecho nada.",
    WrongSelf => "Eres t\u{fa}; no se ha hecho nada.",
    WrongTooMany => "Como m\u{e1}ximo {0} mensajes a la vez.",
    WrongRights => "El bot no tiene permisos para hacer eso aqu\u{ed}.",
    WrongUnknown => "No se sabe nada de eso.",
    WrongBusy => "Demasiado a la vez. Int\u{e9}ntalo de nuevo en un momento.",
    WrongStorage => "No se pudo guardar; no se ha hecho nada.",
    WrongNotAdmin => "Solo la administraci\u{f3}n puede usar {0}.",

    // Descriptions of commands.
    DescSpam => "Eliminar este mensaje y aprenderlo como spam",
    DescHam => "Aprender este mensaje como leg\u{ed}timo y deshacer",
    DescBan => "Vetar a un miembro, para siempre o un tiempo: 2h, 3d",
    DescMute => "Silenciar a un miembro, para siempre o un tiempo: 30m, 2h",
    DescUnban => "Levantar el veto a un miembro",
    DescUnmute => "Dejar escribir de nuevo a un miembro",
    DescKick => "Expulsar a un miembro, que puede volver",
    DescWarn => "Advertir a un miembro",
    DescUnwarn => "Retirar la \u{fa}ltima advertencia",
    DescWarns => "Ver las advertencias de un miembro",
    DescApprove => "No revisar m\u{e1}s los mensajes de un miembro",
    DescUnapprove => "Volver a revisar los mensajes de un miembro",
    DescPurge => "Eliminar mensajes desde este, o los \u{fa}ltimos",
    DescRaid => "Activar o desactivar el modo raid",
    DescMode => "Solo registrar las decisiones, o ejecutarlas",
    DescStatus => "Ver los n\u{fa}meros de hoy",
    DescWhy => "Explicar la decisi\u{f3}n sobre este mensaje",
    DescRules => "Ver las normas de este grupo",
    DescReport => "Denunciar este mensaje a la administraci\u{f3}n",
}
