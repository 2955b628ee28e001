internal import SocketIOCore

/// One pass over a MessagePack value. See ``MessagePack/decode(_:maxDepth:maxValues:)`` for limits and errors.
struct MessagePackReader {
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

    mutating func document() throws(MessagePackError) -> JSON {
        let value = try value(depth: 0) ?? .null
        guard position == bytes.endIndex else { throw .bytesLeft(bytes.endIndex - position) }
        return value
    }

    /// Nil: JavaScript's `undefined`.
    private mutating func value(depth: Int) throws(MessagePackError) -> JSON? {
        values += 1
        guard values <= maxValues else { throw .moreValuesThan(maxValues) }
        let at = position - bytes.startIndex
        let form = try byte()
        switch form {
        case 0x00...0x7F: return .number(String(form))
        case 0x80...0x8F: return try map(Int(form & 0x0F), depth: depth + 1)
        case 0x90...0x9F: return try list(Int(form & 0x0F), depth: depth + 1)
        case 0xA0...0xBF: return .string(try string(Int(form & 0x1F)))
        case 0xC0: return .null
        case 0xC2: return .bool(false)
        case 0xC3: return .bool(true)
        case 0xC4...0xC6: return .binary(Array(try take(try count(form - 0xC4))))
        case 0xC7...0xC9: return try sizedExtension(try count(form - 0xC7))
        case 0xCA: return Self.number(Double(Float(bitPattern: UInt32(try bits(4)))))
        case 0xCB: return Self.number(Double(bitPattern: try bits(8)))
        case 0xCC...0xCF: return .number(String(try bits(1 << Int(form - 0xCC))))
        case 0xD0: return .number(String(Int8(truncatingIfNeeded: try bits(1))))
        case 0xD1: return .number(String(Int16(truncatingIfNeeded: try bits(2))))
        case 0xD2: return .number(String(Int32(truncatingIfNeeded: try bits(4))))
        case 0xD3: return .number(String(Int64(bitPattern: try bits(8))))
        case 0xD4...0xD8: return try fixedExtension(1 << Int(form - 0xD4))
        case 0xD9...0xDB: return .string(try string(try count(form - 0xD9)))
        case 0xDC, 0xDD: return try list(try count(form - 0xDC + 1), depth: depth + 1)
        case 0xDE, 0xDF: return try map(try count(form - 0xDE + 1), depth: depth + 1)
        case 0xE0...0xFF: return .number(String(Int8(bitPattern: form)))
        default: throw .unknownForm(form, at: at)
        }
    }

    private mutating func list(_ count: Int, depth: Int) throws(MessagePackError) -> JSON {
        try begin(count, depth: depth)
        var elements: [JSON] = []
        elements.reserveCapacity(count)
        for _ in 0..<count { elements.append(try value(depth: depth) ?? .null) }
        return .array(elements)
    }

    private mutating func map(_ count: Int, depth: Int) throws(MessagePackError) -> JSON {
        try begin(count * 2, depth: depth)
        var members: [JSON.Member] = []
        members.reserveCapacity(count)
        for _ in 0..<count {
            let at = position - bytes.startIndex
            let key: String
            switch try value(depth: depth) {
            case .string(let text), .number(let text): key = text
            default: throw .keyIsNoText(at: at)
            }
            if let value = try value(depth: depth) { members.append(JSON.Member(key, value)) }
        }
        return .object(members)
    }

    /// Every value has at least one byte, so what is announced and cannot be here is refused before it is made room
    /// for.
    private func begin(_ count: Int, depth: Int) throws(MessagePackError) {
        guard depth <= maxDepth else { throw .deeperThan(maxDepth) }
        guard count <= bytes.endIndex - position else { throw .endsTooSoon }
        guard count <= maxValues - values else { throw .moreValuesThan(maxValues) }
    }

    // MARK: Extensions

    private mutating func fixedExtension(_ count: Int) throws(MessagePackError) -> JSON? {
        let type = Int8(bitPattern: try byte())
        let data = try take(count)
        guard type == 0 else { throw .unknownExtension(type) }
        switch count {
        case 1: return nil
        case 8:
            let milliseconds = data.reduce(0 as UInt64) { $0 << 8 | UInt64($1) }
            return ISODate.text(milliseconds: Int64(bitPattern: milliseconds)).map { .string($0) } ?? .null
        default: return .binary(Array(data))
        }
    }

    private mutating func sizedExtension(_ count: Int) throws(MessagePackError) -> JSON {
        let type = Int8(bitPattern: try byte())
        let data = try take(count)
        guard type == 0 else { throw .unknownExtension(type) }
        return .binary(Array(data))
    }

    // MARK: Bytes

    private mutating func string(_ count: Int) throws(MessagePackError) -> String {
        String(decoding: try take(count), as: UTF8.self)
    }

    /// - Parameter power: The count is in so many bytes: 2 to this power.
    private mutating func count(_ power: UInt8) throws(MessagePackError) -> Int {
        Int(try bits(1 << Int(power)))
    }

    private mutating func bits(_ count: Int) throws(MessagePackError) -> UInt64 {
        try take(count).reduce(0) { $0 << 8 | UInt64($1) }
    }

    private mutating func byte() throws(MessagePackError) -> UInt8 {
        guard position < bytes.endIndex else { throw .endsTooSoon }
        defer { position += 1 }
        return bytes[position]
    }

    private mutating func take(_ count: Int) throws(MessagePackError) -> ArraySlice<UInt8> {
        guard count <= bytes.endIndex - position else { throw .endsTooSoon }
        defer { position += count }
        return bytes[position..<(position + count)]
    }

    /// As `JSON.stringify` writes it: whole numbers without a fraction, and null for what is no number.
    private static func number(_ number: Double) -> JSON {
        guard number.isFinite else { return .null }
        if let whole = Int64(exactly: number), abs(number) < 9_007_199_254_740_992 {
            return .number(String(whole))
        }
        return .number(number.description)
    }
}

/// The calendar of a moment, as JavaScript's `Date.prototype.toISOString` writes it.
enum ISODate {
    /// Nil outside the years 0 to 9999, which JavaScript writes in another form.
    static func text(milliseconds: Int64) -> String? {
        guard (-62_167_219_200_000..<253_402_300_800_000).contains(milliseconds) else { return nil }
        let day = milliseconds >= 0 ? milliseconds / 86_400_000 : (milliseconds - 86_399_999) / 86_400_000
        let rest = milliseconds - day * 86_400_000
        // Civil from days, with years that begin in March, so that the leap day is a year's last.
        let shifted = day + 719_468
        let era = shifted / 146_097
        let dayOfEra = shifted - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let dayOfMonth = dayOfYear - (153 * month + 2) / 5 + 1
        let calendarMonth = month < 10 ? month + 3 : month - 9
        let year = yearOfEra + era * 400 + (calendarMonth <= 2 ? 1 : 0)
        return "\(digits(year, 4))-\(digits(calendarMonth, 2))-\(digits(dayOfMonth, 2))"
            + "T\(digits(rest / 3_600_000, 2)):\(digits(rest / 60_000 % 60, 2)):\(digits(rest / 1000 % 60, 2))"
            + ".\(digits(rest % 1000, 3))Z"
    }

    private static func digits(_ number: Int64, _ count: Int) -> String {
        let text = String(number)
        return String(repeating: "0", count: max(0, count - text.count)) + text
    }
}
