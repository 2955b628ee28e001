internal import SocketIOServer

/// What a setting's text may be, and how it becomes a typed value.
///
/// The words belong to the reader: one that refuses `0s` also says "from 1ms", so help, README and errors
/// cannot disagree with what is accepted.
struct SettingValue<Value: Sendable>: Sendable {
    /// Stands for the value in help: `DURATION`.
    let placeholder: String
    /// What the value is, with an article, as an error says it: "a whole number".
    let noun: String
    /// Which values are taken: "from 1ms to 24h"; empty where the noun says it all.
    let limits: String
    /// `nil`: not such a value, or past the limits.
    let read: @Sendable (String) -> Value?
}

extension SettingValue where Value == Duration {
    /// - Units: `ms`, `s`, `m`, `h`; none is seconds. A fraction is taken (`0.1`), an exponent is not.
    static func duration(_ range: ClosedRange<Duration>) -> Self {
        Self(
            placeholder: "DURATION",
            noun: "a duration such as 2s, 100ms, 1m or 0.1 (seconds),",
            limits: "from \(text(range.lowerBound)) to \(text(range.upperBound))"
        ) { text in
            guard let duration = parse(text), range.contains(duration) else { return nil }
            return duration
        }
    }

    /// Longest first, because `ms` ends in `s` too; the empty one ends everything.
    private static var units: [(suffix: String, length: Duration)] {
        [
            ("ms", .milliseconds(1)), ("s", .seconds(1)), ("m", .seconds(60)), ("h", .seconds(3600)),
            ("", .seconds(1)),
        ]
    }

    /// Exact, in whole numbers: 0.1 is 100 ms and not the nearest binary fraction. Nine digits on either side
    /// of the point keep every product far inside `Duration`.
    private static func parse(_ text: String) -> Duration? {
        guard let unit = units.first(where: { text.hasSuffix($0.suffix) }) else { return nil }
        let parts = text.dropLast(unit.suffix.count).split(separator: ".", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count),
            parts.allSatisfy({ (1...9).contains($0.utf8.count) && $0.utf8.allSatisfy(isDigit) }),
            let whole = Int64(parts[0]), let fraction = Int64(parts.count == 2 ? parts[1] : "0")
        else { return nil }
        let scale = parts.count == 2 ? parts[1].utf8.reduce(Int64(1)) { power, _ in power * 10 } : 1
        return unit.length * whole + unit.length * fraction / scale
    }

    /// The way a person would write it, for limits: `1ms`, `24h`.
    private static func text(_ duration: Duration) -> String {
        let (seconds, attoseconds) = duration.components
        if attoseconds != 0 { return "\(seconds * 1000 + attoseconds / 1_000_000_000_000_000)ms" }
        if seconds >= 3600, seconds % 3600 == 0 { return "\(seconds / 3600)h" }
        if seconds >= 60, seconds % 60 == 0 { return "\(seconds / 60)m" }
        return "\(seconds)s"
    }
}

extension SettingValue where Value == Int {
    static func integer(_ range: ClosedRange<Int>) -> Self {
        whole(range, placeholder: "NUMBER", noun: "a whole number")
    }

    static func bytes(_ range: ClosedRange<Int>) -> Self {
        whole(range, placeholder: "BYTES", noun: "a number of bytes")
    }

    /// Unicode scalars, so that a letter with a thousand accents is not one.
    static func characters(_ range: ClosedRange<Int>) -> Self {
        whole(range, placeholder: "NUMBER", noun: "a number of characters")
    }

    /// Digits only: `Int` alone would take `+80` too.
    private static func whole(_ range: ClosedRange<Int>, placeholder: String, noun: String) -> Self {
        Self(
            placeholder: placeholder, noun: noun, limits: "from \(range.lowerBound) to \(range.upperBound)"
        ) { text in
            guard text.utf8.allSatisfy(isDigit), let number = Int(text), range.contains(number) else {
                return nil
            }
            return number
        }
    }
}

/// A value chosen from a few names; the raw values are what the operator writes.
typealias Choice = CaseIterable & RawRepresentable<String> & Equatable & Sendable

extension SettingValue where Value: Choice {
    static func choice(placeholder: String) -> Self {
        let names = Value.allCases.map(\.rawValue)
        return Self(placeholder: placeholder, noun: "", limits: "one of " + names.joined(separator: ", ")) {
            text in
            Value(rawValue: text)
        }
    }
}

extension SettingValue {
    /// Names between commas, blanks around them allowed, each at most once, at least one; in their order.
    static func list<Name: Choice>() -> Self where Value == [Name] {
        let names = Name.allCases.map(\.rawValue)
        return Self(
            placeholder: "LIST", noun: "a comma list without repeats,",
            limits: "any of " + names.joined(separator: ", ")
        ) { text in
            var list: [Name] = []
            for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                let words = item.split(whereSeparator: \.isWhitespace)
                guard words.count == 1, let name = Name(rawValue: String(words[0])), !list.contains(name)
                else { return nil }
                list.append(name)
            }
            return list
        }
    }
}

extension SettingValue where Value == OriginRule {
    static var origins: Self {
        Self(placeholder: "LIST", noun: "same, or a comma list of host:port, host:* and *:port", limits: "") {
            text in
            if text == "same" { return .same }
            let items = text.split(separator: ",", omittingEmptySubsequences: false)
            let patterns = items.compactMap { item in
                OriginPattern(item.split(whereSeparator: \.isWhitespace).joined(separator: " "))
            }
            return patterns.count == items.count ? .listed(patterns) : nil
        }
    }
}

extension SettingValue where Value == [AddressRange] {
    static var addresses: Self {
        Self(
            placeholder: "LIST",
            noun: "a comma list of IP addresses, ranges such as 10.0.0.0/8, loopback and private",
            limits: ""
        ) { text in
            var ranges: [AddressRange] = []
            for item in text.split(separator: ",", omittingEmptySubsequences: false) {
                switch item.split(whereSeparator: \.isWhitespace).joined(separator: " ") {
                case "loopback": ranges += AddressRange.loopback
                case "private": ranges += AddressRange.privateNetworks
                case let name:
                    guard let range = AddressRange(name) else { return nil }
                    ranges.append(range)
                }
            }
            return ranges
        }
    }
}

extension SettingValue where Value == String {
    /// Compared with what a request's query or header says, so it is made of what both can hold as it is.
    static var token: Self {
        Self(placeholder: "TOKEN", noun: "8 to 128 letters, digits, - and _", limits: "") { text in
            let isToken = text.utf8.allSatisfy { isDigit($0) || isLetter($0) || "-_".utf8.contains($0) }
            return isToken && (8...128).contains(text.utf8.count) ? text : nil
        }
    }

    /// Words for people, on one line.
    static var line: Self {
        Self(placeholder: "WORDS", noun: "1 to 200 characters on one line", limits: "") { text in
            let isLine = text.unicodeScalars.allSatisfy { $0.value >= 32 && $0.value != 127 }
            return isLine && (1...200).contains(text.count) ? text : nil
        }
    }

    /// The form of a language tag (RFC 5646, section 2.1), not whether there is such a language.
    static var language: Self {
        Self(placeholder: "TAG", noun: "a language tag such as it, pt-BR or zh-Hant", limits: "") { text in
            let parts = text.split(separator: "-", omittingEmptySubsequences: false)
            let isTag = parts.allSatisfy { part in
                (1...8).contains(part.utf8.count) && part.utf8.allSatisfy { isDigit($0) || isLetter($0) }
            }
            guard isTag, parts[0].utf8.count >= 2, parts[0].utf8.allSatisfy(isLetter), text.utf8.count <= 35
            else { return nil }
            return text
        }
    }

    /// Whether the file is there is seen when it is opened.
    static func path(placeholder: String) -> Self {
        Self(placeholder: placeholder, noun: "a path", limits: "") { $0.isEmpty ? nil : $0 }
    }

    /// An address or a name, without port or scheme; the brackets of `[::1]` are dropped.
    static var host: Self {
        Self(placeholder: "HOST", noun: "an address or a host name without a port", limits: "") { text in
            let isBracketed = text.hasPrefix("[") && text.hasSuffix("]")
            let host = isBracketed ? String(text.dropFirst().dropLast()) : text
            // One colon is `name:port`; an IPv6 address has at least two.
            let colons = host.utf8.count { $0 == UInt8(ascii: ":") }
            let others = UInt8(ascii: "-")...UInt8(ascii: ".")
            guard !host.isEmpty, colons != 1, !isBracketed || colons > 1,
                host.utf8.allSatisfy({
                    isDigit($0) || isLetter($0) || others.contains($0) || ":_%".utf8.contains($0)
                })
            else { return nil }
            return host
        }
    }

    /// The name of an event an application may send.
    ///
    /// - Source: socket.io `lib/socket-types.ts`, `RESERVED_EVENTS`.
    static var event: Self {
        let reserved = [
            "connect", "connect_error", "disconnect", "disconnecting", "newListener", "removeListener",
        ]
        return Self(
            placeholder: "NAME", noun: "a name",
            limits: "other than Socket.IO's own " + reserved.joined(separator: ", ")
        ) { text in text.isEmpty || reserved.contains(text) ? nil : text }
    }

    /// A path inside a URL without outer slashes: `socket.io`, `myApp/server.js`.
    static var resource: Self {
        Self(placeholder: "PATH", noun: "a URL path", limits: segmentLimits) {
            text in segments(of: text)?.joined(separator: "/")
        }
    }

    /// A prefix with both outer slashes, `/apps/poetry/`, or `/` for the root alone.
    static var prefix: Self {
        Self(placeholder: "PATH", noun: "/ or a URL path", limits: segmentLimits) { text in
            if text == "/" { return text }
            return segments(of: text).map { "/" + $0.joined(separator: "/") + "/" }
        }
    }

    private static var segmentLimits: String { "with segments of letters, digits and -._~ (but not . or ..)" }

    /// The segments between slashes; those on the outside are dropped.
    ///
    /// Only what RFC 3986, section 2.3 calls unreserved: it stands in a URL, an HTML attribute and a header
    /// as it is, and needs no escape that a proxy might undo. Not `.` and `..`, which browsers resolve.
    private static func segments(of text: String) -> [Substring]? {
        let isSlash = { (character: Character) in character == "/" }
        let inner = text.drop(while: isSlash).reversed().drop(while: isSlash).reversed()
        let segments = String(inner).split(separator: "/", omittingEmptySubsequences: false)
        let isUsable = { (segment: Substring) in
            !segment.isEmpty && segment != "." && segment != ".."
                && segment.utf8.allSatisfy { isDigit($0) || isLetter($0) || "-._~".utf8.contains($0) }
        }
        return segments.allSatisfy(isUsable) ? segments : nil
    }
}

private func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

private func isLetter(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
}
