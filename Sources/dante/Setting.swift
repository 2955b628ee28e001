/// A row of ``SettingTable``: all that is known about one setting.
struct Setting: Sendable {
    /// The headings of the help, in its order.
    enum Group: String, CaseIterable, Sendable {
        case reading = "The reading"
        case chat = "The chat"
        case addresses = "Where it is served"
        case heartbeat = "Heartbeat"
        case limits = "Limits"
        case cluster = "More than one process"
        case process = "The process"

        /// Where these settings mean something.
        var commands: [Command] {
            switch self {
            case .reading: [.serve]
            case .chat: [.serve, .chat]
            case .addresses, .heartbeat, .limits, .cluster, .process: Command.allCases
            }
        }
    }

    enum Default: Equatable, Sendable {
        /// The text an operator would write.
        case value(String)
        /// Nothing is stored, which no text can say; the words tell what happens then.
        case unset(String)
    }

    /// The flag without its dashes.
    let name: String
    /// How the command line says it: `--interval`, or `FILE` for the one that has no flag.
    let spelling: String
    /// Looked at in this order; the first that is not empty counts.
    let environment: [String]
    let `default`: Default
    let group: Group
    let help: String

    let placeholder: String
    let noun: String
    let limits: String

    /// Reads the text into its property; `false` if it is not what the setting takes.
    let store: @Sendable (String, inout Settings) -> Bool

    /// What an error says is taken instead.
    var takes: String { [noun, limits].filter { !$0.isEmpty }.joined(separator: " ") }

    /// A setting that always has a value.
    init<Value>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value> & Sendable,
        _ value: SettingValue<Value>,
        default text: String, variables: [String] = [], in group: Group, help: String
    ) {
        self.init(name, value, .value(text), variables, group, help) { $1[keyPath: property] = $0 }
    }

    /// A setting that may be left out.
    init<Value>(
        _ name: String, _ property: any WritableKeyPath<Settings, Value?> & Sendable,
        _ value: SettingValue<Value>,
        unset words: String, variables: [String] = [], isPositional: Bool = false, in group: Group,
        help: String
    ) {
        self.init(name, value, .unset(words), variables, group, help, isPositional) {
            $1[keyPath: property] = $0
        }
    }

    private init<Value>(
        _ name: String, _ value: SettingValue<Value>, _ default: Default, _ variables: [String],
        _ group: Group, _ help: String, _ isPositional: Bool = false,
        assign: @escaping @Sendable (Value, inout Settings) -> Void
    ) {
        self.name = name
        spelling = isPositional ? value.placeholder : "--\(name)"
        let own = "DANTE_" + name.uppercased().map { $0 == "-" ? "_" : String($0) }.joined()
        environment = [own] + variables
        self.default = `default`
        self.group = group
        self.help = help
        placeholder = value.placeholder
        noun = value.noun
        limits = value.limits
        store = { text, settings in
            guard let value = value.read(text) else { return false }
            assign(value, &settings)
            return true
        }
    }
}
