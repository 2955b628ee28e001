/// The first word of the command line; without one, `serve`.
enum Command: String, CaseIterable, Sendable {
    case serve, hello, chat
    case gotIt = "got-it"
}

/// What the command line asks for.
enum Invocation: Sendable {
    case run(Settings)
    /// To be printed on stdout.
    case help(String)
    case version(String)
}

/// The operator's mistake, told in one sentence that names the flag or variable, the value and what is taken.
struct UsageError: Error, Equatable {
    let message: String
    /// `EX_USAGE` of BSD's `sysexits.h`.
    static let exitCode: Int32 = 64

    init(_ message: String) { self.message = message }
}

extension Settings {
    /// Reads the command line and the environment.
    ///
    /// - Parameter arguments: without the program's own name.
    /// - Errors: ``UsageError``.
    static func parse(
        arguments: [String], environment: [String: String]
    ) throws(UsageError) -> Invocation {
        let arguments = try Arguments(arguments)
        switch arguments.question {
        case .help: return .help(helpText(for: arguments.command))
        case .version: return .version("dante \(version)")
        case nil: return .run(try Settings(arguments, environment: environment))
        }
    }
}

/// The words of a command line, sorted by the flags of ``SettingTable``; no value is looked at yet.
///
/// `--name value`, `--name=value`, `-h`, `--help`, `--version`, a command, a FILE; behind `--` only a FILE.
/// Of a repeated flag the last counts.
///
/// Why not swift-argument-parser: its options are property wrappers, one declaration each, and it takes no
/// option from the environment (1.8). So each setting would stand there a second time, and help and errors
/// would come from that copy instead of the table. What would be left for it to do is this file.
struct Arguments {
    enum Question { case help, version }

    /// Help and version end the reading of the line: what stands behind them does not matter.
    private(set) var question: Question?
    private(set) var command = Command.serve
    /// By the setting's name.
    private(set) var values: [String: String] = [:]
    private var hasCommand = false

    init(_ words: [String]) throws(UsageError) {
        var rest = words[...]
        while question == nil, let word = rest.popFirst() {
            if word == "--" {
                while let file = rest.popFirst() { try take(file: file) }
            } else if word.hasPrefix("-"), word != "-" {
                try take(option: word, from: &rest)
            } else if !hasCommand, !hasFile, let command = Command(rawValue: word) {
                self.command = command
                hasCommand = true
            } else {
                try take(file: word)
            }
        }
    }

    private var hasFile: Bool { SettingTable.positional.map { values[$0.name] != nil } ?? false }

    private mutating func take(file: String) throws(UsageError) {
        guard let setting = SettingTable.positional, values[setting.name] == nil else {
            throw UsageError("unexpected argument \(quoted(file)): one text is read at a time")
        }
        values[setting.name] = file
    }

    private mutating func take(option: String, from rest: inout ArraySlice<String>) throws(UsageError) {
        let parts = option.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
        let flag = String(parts[0])
        let attached = parts.count == 2 ? String(parts[1]) : nil
        if let question = Self.questions[flag] {
            guard attached == nil else { throw UsageError("\(flag) takes no value") }
            self.question = question
            return
        }
        guard let setting = SettingTable.setting(flag: flag) else { throw Self.unknown(flag) }
        if let attached {
            values[setting.name] = attached
        } else if let next = rest.first, !next.hasPrefix("--") {
            // A forgotten value must not swallow the next flag; `--event=--x` still says such a one.
            values[setting.name] = rest.removeFirst()
        } else {
            throw UsageError("\(flag) needs a value: it takes \(setting.takes)")
        }
    }

    private static let questions: [String: Question] = [
        "-h": .help, "--help": .help, "--version": .version,
    ]

    private static func unknown(_ flag: String) -> UsageError {
        let flags = SettingTable.all.map(\.spelling).filter { $0.hasPrefix("-") } + questions.keys.sorted()
        let typed = "--" + flag.drop { $0 == "-" }
        let advice = nearest(to: typed, among: flags).map { "did you mean \($0)?" }
        return UsageError("unknown option \(shown(flag)); \(advice ?? "dante --help lists them all")")
    }
}
