/// Reads RESP2 and RESP3 as it arrives, in pieces of any size. No byte is looked at twice, however it is cut.
///
/// - Limits: ``Limits``; what goes beyond them is an error, and reading ends.
/// - Not read: RESP3's streamed strings and lists (`$?`), which no released server sends.
/// - Source: Redis serialization protocol specification; attributes (`|`) are read and left out.
package struct RESPParser: Sendable {
    package struct Limits: Sendable {
        /// Bytes of one string. A broadcast is one string.
        package var maxStringBytes = 64 * 1024 * 1024
        /// Lists inside each other.
        package var maxDepth = 16
        /// Elements of one whole value, counted through all its lists.
        package var maxElements = 1_000_000
        /// Bytes of a line: a type, a number, an error text.
        package var maxLineBytes = 65_536

        package init() {}
    }

    /// A list that is not complete.
    private struct Open {
        var type: UInt8
        var left: Int
        var elements: [RESPValue] = []
    }

    private enum State {
        case line
        /// The string and its two closing bytes.
        case string(type: UInt8, count: Int)
        case failed(RESPError)
    }

    private let limits: Limits
    private var buffer: [UInt8] = []
    private var position = 0
    /// Up to here the current line is known to have no end.
    private var scanned = 0
    private var state = State.line
    private var open: [Open] = []
    private var elements = 0

    package init(limits: Limits = Limits()) { self.limits = limits }

    package mutating func receive(_ bytes: some Sequence<UInt8>) {
        if position > 4096, position * 2 > buffer.count {
            buffer.removeFirst(position)
            scanned = max(0, scanned - position)
            position = 0
        }
        buffer += bytes
    }

    /// The next whole value; nil until more has come. An error stays: every later call throws it again.
    package mutating func next() throws(RESPError) -> RESPValue? {
        if case .failed(let error) = state { throw error }
        do throws(RESPError) {
            return try step()
        } catch {
            state = .failed(error)
            buffer = []
            throw error
        }
    }

    private mutating func step() throws(RESPError) -> RESPValue? {
        while true {
            let value: RESPValue?
            switch state {
            case .line:
                guard let line = try line() else { return nil }
                value = try begin(line)
            case .string(let type, let count):
                guard buffer.count - position >= count + 2 else { return nil }
                value = try string(type, count)
            case .failed(let error):
                throw error
            }
            // A list of no elements is complete with its first line.
            if let whole = (value ?? closeLast()).flatMap({ close($0) }) {
                elements = 0
                return whole
            }
        }
    }

    // MARK: Pieces

    /// The line at the position, without its end; nil until the end is here.
    private mutating func line() throws(RESPError) -> ArraySlice<UInt8>? {
        scanned = max(scanned, position)
        while scanned < buffer.count, buffer[scanned] != 13 {
            scanned += 1
            guard scanned - position <= limits.maxLineBytes else {
                throw .lineLongerThan(limits.maxLineBytes)
            }
        }
        guard scanned + 1 < buffer.count else { return nil }
        guard buffer[scanned + 1] == 10, scanned > position else { throw .malformed(type: buffer[position]) }
        let line = buffer[position..<scanned]
        position = scanned + 2
        scanned = position
        return line
    }

    /// A value that is one line, or nil when the line begins something longer.
    private mutating func begin(_ line: ArraySlice<UInt8>) throws(RESPError) -> RESPValue? {
        let type = line[line.startIndex]
        let rest = line.dropFirst()
        switch type {
        case UInt8(ascii: "+"): return .simple(String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: "-"): return .error(String(decoding: rest, as: UTF8.self))
        case UInt8(ascii: ":"): return .integer(try integer(rest, type))
        case UInt8(ascii: "("): return .bigNumber(try digits(rest, type))
        case UInt8(ascii: ","): return .double(try double(rest, type))
        case UInt8(ascii: "#"):
            guard rest.elementsEqual([UInt8(ascii: "t")]) || rest.elementsEqual([UInt8(ascii: "f")]) else {
                throw .malformed(type: type)
            }
            return .boolean(rest.first == UInt8(ascii: "t"))
        case UInt8(ascii: "_"):
            guard rest.isEmpty else { throw .malformed(type: type) }
            return .null
        case UInt8(ascii: "$"), UInt8(ascii: "="), UInt8(ascii: "!"): return try beginString(type, rest)
        case UInt8(ascii: "*"), UInt8(ascii: "~"), UInt8(ascii: ">"), UInt8(ascii: "%"), UInt8(ascii: "|"):
            return try beginList(type, rest)
        default: throw .unknownType(type)
        }
    }

    private mutating func beginString(
        _ type: UInt8, _ rest: ArraySlice<UInt8>
    ) throws(RESPError) -> RESPValue? {
        let count = try integer(rest, type)
        if count == -1, type == UInt8(ascii: "$") { return .null }
        guard count >= 0 else { throw .malformed(type: type) }
        guard count <= limits.maxStringBytes else { throw .stringLongerThan(limits.maxStringBytes) }
        state = .string(type: type, count: Int(count))
        return nil
    }

    private mutating func beginList(
        _ type: UInt8, _ rest: ArraySlice<UInt8>
    ) throws(RESPError) -> RESPValue? {
        let count = try integer(rest, type)
        if count == -1, type == UInt8(ascii: "*") { return .null }
        guard count >= 0 else { throw .malformed(type: type) }
        guard count <= limits.maxElements else { throw .moreElementsThan(limits.maxElements) }
        let isPairs = type == UInt8(ascii: "%") || type == UInt8(ascii: "|")
        let left = isPairs ? Int(count) * 2 : Int(count)
        guard elements + left <= limits.maxElements else { throw .moreElementsThan(limits.maxElements) }
        guard open.count < limits.maxDepth else { throw .deeperThan(limits.maxDepth) }
        elements += left
        open.append(Open(type: type, left: left))
        return nil
    }

    private mutating func string(_ type: UInt8, _ count: Int) throws(RESPError) -> RESPValue {
        let end = position + count
        guard buffer[end] == 13, buffer[end + 1] == 10 else { throw .malformed(type: type) }
        let bytes = Array(buffer[position..<end])
        position = end + 2
        state = .line
        switch type {
        case UInt8(ascii: "!"): return .error(String(decoding: bytes, as: UTF8.self))
        case UInt8(ascii: "="):
            guard bytes.count >= 4, bytes[3] == UInt8(ascii: ":") else { throw .malformed(type: type) }
            return .verbatim(
                format: String(decoding: bytes.prefix(3), as: UTF8.self), Array(bytes.dropFirst(4)))
        default: return .bulk(bytes)
        }
    }

    /// Puts a value into the lists that are open and closes those that are complete with it. Returns the value that
    /// stands in no list; an attribute is no value, and the one it describes follows.
    private mutating func close(_ value: RESPValue) -> RESPValue? {
        var value = value
        while let last = open.indices.last {
            open[last].elements.append(value)
            open[last].left -= 1
            guard let whole = closeLast() else { return nil }
            value = whole
        }
        return value
    }

    /// The innermost list, when it is complete.
    private mutating func closeLast() -> RESPValue? {
        while let list = open.last, list.left == 0 {
            open.removeLast()
            switch list.type {
            case UInt8(ascii: "~"): return .set(list.elements)
            case UInt8(ascii: ">"): return .push(list.elements)
            case UInt8(ascii: "%"): return .map(Self.pairs(list.elements))
            case UInt8(ascii: "|"): return nil
            default: return .array(list.elements)
            }
        }
        return nil
    }

    private static func pairs(_ elements: [RESPValue]) -> [RESPValue.Entry] {
        stride(from: 0, to: elements.count - 1, by: 2).map { .init(elements[$0], elements[$0 + 1]) }
    }

    // MARK: Numbers

    private func integer(_ digits: ArraySlice<UInt8>, _ type: UInt8) throws(RESPError) -> Int64 {
        guard let number = Int64(String(decoding: digits, as: UTF8.self)) else {
            throw .malformed(type: type)
        }
        return number
    }

    private func digits(_ digits: ArraySlice<UInt8>, _ type: UInt8) throws(RESPError) -> String {
        let text = String(decoding: digits, as: UTF8.self)
        let unsigned = text.first == "-" || text.first == "+" ? text.dropFirst() : text[...]
        guard !unsigned.isEmpty, unsigned.utf8.allSatisfy({ (0x30...0x39).contains($0) }) else {
            throw .malformed(type: type)
        }
        return text
    }

    private func double(_ digits: ArraySlice<UInt8>, _ type: UInt8) throws(RESPError) -> Double {
        guard let number = Double(String(decoding: digits, as: UTF8.self)) else {
            throw .malformed(type: type)
        }
        return number
    }
}
