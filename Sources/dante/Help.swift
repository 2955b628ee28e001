extension Settings {
    static let version = "0.1.0"

    /// What `dante --help` prints, 80 columns wide, ending in a newline; with another command, what is said of that.
    static func helpText(for command: Command) -> String {
        let opening = wrapped(command.sentence, width: 79).joined(separator: "\n") + "\n\n" + command.usage
        let groups = Setting.Group.allCases.filter { $0.commands.contains(command) }.map { group in
            let settings = SettingTable.all.filter { $0.group == group }
            return "\(group.rawValue)\n" + settings.map(helpLines).joined() + "\n"
        }
        let closing =
            helpLines("-h, --help", ["Print this and exit."])
            + helpLines("--version", ["Print the version and exit."]) + "\n"
            + wrapped(
                "A DURATION is 2s, 100ms, 1m, 1h or plain seconds such as 0.1. A flag wins over the "
                    + "environment variable named beside it, which wins over the default; an empty variable "
                    + "counts as unset.",
                width: 79
            ).joined(separator: "\n") + "\n"
        return opening + groups.joined() + closing
    }

    /// The README's table, ending in a newline.
    static var markdownTable: String {
        let head = "| setting | default | takes | environment | meaning |\n| --- | --- | --- | --- | --- |\n"
        return SettingTable.all.reduce(into: head) { table, setting in
            let isFlag = setting.spelling.hasPrefix("-")
            let initial =
                switch setting.default {
                case .value(let text): "`\(text)`"
                case .unset(let words): words
                }
            let cells = [
                isFlag ? "`\(setting.spelling) \(setting.placeholder)`" : "`\(setting.spelling)`",
                initial, setting.takes,
                setting.environment.map { "`\($0)`" }.joined(separator: ", "),
                setting.help,
            ]
            table += "| " + cells.joined(separator: " | ") + " |\n"
        }
    }

    private static func helpLines(_ setting: Setting) -> String {
        let isFlag = setting.spelling.hasPrefix("-")
        let left = isFlag ? "\(setting.spelling) \(setting.placeholder)" : setting.spelling
        let initial =
            switch setting.default {
            case .value(let text): "default \(text)"
            case .unset(let words): "default: \(words)"
            }
        let sentence = setting.limits.isEmpty ? initial : "\(setting.limits); \(initial)"
        let variables = setting.environment.joined(separator: ", ")
        let facts = "\(sentence.prefix(1).uppercased())\(sentence.dropFirst()). \(variables)"
        return helpLines(left, [setting.help, facts])
    }

    /// The left column, and beside it the paragraphs, each on lines of its own.
    private static func helpLines(_ left: String, _ paragraphs: [String]) -> String {
        let column = 32
        let lines = paragraphs.flatMap { wrapped($0, width: 79 - column) }
        return lines.enumerated().reduce(into: "") { text, line in
            let margin = line.offset == 0 ? "  \(left)" : ""
            text += margin + String(repeating: " ", count: column - margin.count) + line.element + "\n"
        }
    }
}

extension Command {
    /// What it is, for the first line of its help.
    fileprivate var sentence: String {
        switch self {
        case .serve: "dante reads a poem to any number of readers at once, a stanza at a time."
        case .hello: "dante hello answers the event sendMessage with helloBack, {message: \"Hello back!\"}."
        case .chat: "dante chat serves a chat: a page, and the events of Socket.IO's own example."
        case .gotIt:
            "dante got-it answers the event message with response, \"Got it!\", and with the acknowledgement."
        }
    }

    fileprivate var usage: String {
        switch self {
        case .serve:
            """
            Usage: dante [serve] [FILE] [options]
                   dante hello|chat|got-it [options]

            The other commands serve one small application alone, with fewer options:
            dante chat --help lists them.


            """
        case .hello, .chat, .gotIt: "Usage: dante \(rawValue) [options]\n\n"
        }
    }
}
