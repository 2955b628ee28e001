/// One pass over a JSON text (RFC 8259). See ``JSON/parse(_:maxDepth:maxValues:)`` for limits and errors.
struct JSONParser {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private let maxDepth: Int
    private let maxValues: Int
    private var values = 0

    init(_ bytes: ArraySlice<UInt8>, maxDepth: Int, maxValues: Int) {
        self.bytes = bytes
        position = bytes.startIndex
        self.maxDepth = maxDepth
        self.maxValues = maxValues
    }

    mutating func document() throws(JSONError) -> JSON {
        let value = try value(depth: 0)
        skipBlanks()
        if position < bytes.endIndex { throw unexpected() }
        return value
    }

    private mutating func value(depth: Int) throws(JSONError) -> JSON {
        values += 1
        guard values <= maxValues else { throw .moreValues(than: maxValues) }
        skipBlanks()
        switch peek {
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "{"): return .object(try members(depth: depth + 1))
        case UInt8(ascii: "["): return .array(try elements(depth: depth + 1))
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return .number(try number())
        }
    }

    private mutating func elements(depth: Int) throws(JSONError) -> [JSON] {
        guard depth <= maxDepth else { throw .deeper(than: maxDepth) }
        position += 1
        var elements: [JSON] = []
        if takes(UInt8(ascii: "]")) { return elements }
        while true {
            elements.append(try value(depth: depth))
            if takes(UInt8(ascii: "]")) { return elements }
            guard takes(UInt8(ascii: ",")) else { throw unexpected() }
        }
    }

    private mutating func members(depth: Int) throws(JSONError) -> [JSON.Member] {
        guard depth <= maxDepth else { throw .deeper(than: maxDepth) }
        position += 1
        var members: [JSON.Member] = []
        if takes(UInt8(ascii: "}")) { return members }
        while true {
            skipBlanks()
            guard peek == UInt8(ascii: "\"") else { throw unexpected() }
            let key = try string()
            guard takes(UInt8(ascii: ":")) else { throw unexpected() }
            members.append(JSON.Member(key, try value(depth: depth)))
            if takes(UInt8(ascii: "}")) { return members }
            guard takes(UInt8(ascii: ",")) else { throw unexpected() }
        }
    }

    private mutating func word(_ word: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for offset in 0..<word.utf8CodeUnitCount {
            guard peek == word.utf8Start[offset] else { throw unexpected() }
            position += 1
        }
        return value
    }

    /// `[ minus ] int [ frac ] [ exp ]` (RFC 8259, 6): no leading zeros, no plus, no bare point.
    private mutating func number() throws(JSONError) -> String {
        let start = position
        if peek == UInt8(ascii: "-") { position += 1 }
        if peek == UInt8(ascii: "0") { position += 1 } else { try digits() }
        if peek == UInt8(ascii: ".") {
            position += 1
            try digits()
        }
        if peek == UInt8(ascii: "e") || peek == UInt8(ascii: "E") {
            position += 1
            if peek == UInt8(ascii: "+") || peek == UInt8(ascii: "-") { position += 1 }
            try digits()
        }
        return String(decoding: bytes[start..<position], as: UTF8.self)
    }

    private mutating func digits() throws(JSONError) {
        let start = position
        while let byte = peek, byte.isDigit { position += 1 }
        if position == start { throw unexpected() }
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        position += 1
        let start = position
        var decoded: [UInt8] = []
        var run = start
        while let byte = peek {
            switch byte {
            case UInt8(ascii: "\""):
                let tail = bytes[run..<position]
                position += 1
                // Most strings have no escape and are taken from the text as they stand.
                if decoded.isEmpty { return try checked(tail, start) }
                decoded += tail
                return try checked(decoded[...], start)
            case UInt8(ascii: "\\"):
                decoded += bytes[run..<position]
                position += 1
                try escape(into: &decoded)
                run = position
            case 0..<0x20:
                throw unexpected()
            default:
                position += 1
            }
        }
        throw .endsTooSoon
    }

    private func checked(_ utf8: ArraySlice<UInt8>, _ start: Int) throws(JSONError) -> String {
        guard let string = String(validating: utf8, as: UTF8.self) else {
            throw .invalidUTF8(at: start - bytes.startIndex)
        }
        return string
    }

    private mutating func escape(into decoded: inout [UInt8]) throws(JSONError) {
        let letter = peek
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): decoded.append(letter ?? 0)
        case UInt8(ascii: "b"): decoded.append(0x08)
        case UInt8(ascii: "f"): decoded.append(0x0C)
        case UInt8(ascii: "n"): decoded.append(0x0A)
        case UInt8(ascii: "r"): decoded.append(0x0D)
        case UInt8(ascii: "t"): decoded.append(0x09)
        case UInt8(ascii: "u"):
            position += 1
            decoded.append(contentsOf: String(try escapedScalar()).utf8)
            return
        default: throw unexpected()
        }
        position += 1
    }

    /// The scalar of one `XXXX`, or of two that are a surrogate pair.
    private mutating func escapedScalar() throws(JSONError) -> Unicode.Scalar {
        let unit = try hexUnit()
        guard (0xD800..<0xDC00).contains(unit), startsEscapedUnit else {
            return Unicode.Scalar(unit) ?? "\u{FFFD}"
        }
        let rewind = position
        position += 2
        let low = try hexUnit()
        guard (0xDC00..<0xE000).contains(low) else {
            // Not this one's other half: it stands for itself.
            position = rewind
            return "\u{FFFD}"
        }
        return Unicode.Scalar(0x10000 + ((unit - 0xD800) << 10) + (low - 0xDC00)) ?? "\u{FFFD}"
    }

    private var startsEscapedUnit: Bool {
        bytes.endIndex - position >= 2 && bytes[position] == UInt8(ascii: "\\")
            && bytes[position + 1] == UInt8(ascii: "u")
    }

    private mutating func hexUnit() throws(JSONError) -> UInt32 {
        var unit: UInt32 = 0
        for _ in 0..<4 {
            guard let digit = peek?.hexValue else { throw unexpected() }
            unit = unit << 4 | UInt32(digit)
            position += 1
        }
        return unit
    }

    // MARK: Bytes

    private var peek: UInt8? { position < bytes.endIndex ? bytes[position] : nil }

    private mutating func takes(_ byte: UInt8) -> Bool {
        skipBlanks()
        guard peek == byte else { return false }
        position += 1
        return true
    }

    private mutating func skipBlanks() {
        while let byte = peek, byte.isBlank { position += 1 }
    }

    private func unexpected() -> JSONError {
        guard let byte = peek else { return .endsTooSoon }
        return .unexpected(byte, at: position - bytes.startIndex)
    }
}

extension UInt8 {
    /// JSON's white space (RFC 8259, section 2).
    var isBlank: Bool { self == 0x20 || self == 0x0A || self == 0x0D || self == 0x09 }

    /// `0`…`9` in ASCII.
    var isDigit: Bool { self &- 0x30 < 10 }

    /// 0…15 for an ASCII hexadecimal digit in either case.
    var hexValue: UInt8? {
        switch self {
        case 0x30...0x39: self - 0x30
        case 0x41...0x46: self - 0x37
        case 0x61...0x66: self - 0x57
        default: nil
        }
    }
}
