/// Where a server's own addresses begin in a request path, whatever prefix a proxy left before them.
///
/// Segments are compared decoded: `socket%2Eio` is `socket.io`. An escaped slash (`%2F`) is part of its
/// segment and never separates; doubled slashes count as one.
package struct ResourcePath: Sendable {
    private let segments: [[UInt8]]

    /// - Parameter resource: `socket.io`, or several segments: `myApp/server.js`. Slashes around it mean
    ///   nothing. An empty resource is found nowhere.
    package init(resource: String) {
        segments = resource.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
    }

    /// What follows the last place where the resource stands with a slash behind it: "" for `/a/socket.io/`,
    /// nil for `/a/socket.io` and for paths without the resource.
    ///
    /// - Parameter path: a request target without its query, still encoded.
    package func rest(of path: Substring) -> Substring? {
        let found = path.utf8.split(separator: UInt8(ascii: "/"))
        guard !segments.isEmpty, found.count >= segments.count else { return nil }
        for start in (0...(found.count - segments.count)).reversed() {
            let end = found[start + segments.count - 1].endIndex
            guard end < path.endIndex, PathTail.equal(found[start...].prefix(segments.count), segments) else {
                continue
            }
            return Substring(path.utf8[end...].drop { $0 == UInt8(ascii: "/") })
        }
        return nil
    }
}

/// The end of a request path, by which an address is known at any depth.
package enum PathTail {
    /// The last segment, decoded; "" when the path ends in a slash.
    package static func lastSegment(_ path: Substring) -> String {
        let segment = path.utf8.suffix(while: { $0 != UInt8(ascii: "/") })
        return String(decoding: Query.percentDecoded(segment, plusIsBlank: false), as: UTF8.self)
    }

    /// True when the last segments of `path` are those of `tail` (`ws`, `socket.io/socket.io.js`) and no
    /// slash follows.
    package static func matches(_ path: Substring, _ tail: String) -> Bool {
        guard path.utf8.last != UInt8(ascii: "/") else { return false }
        let wanted = tail.utf8.split(separator: UInt8(ascii: "/")).map(Array.init)
        let found = path.utf8.split(separator: UInt8(ascii: "/"))
        return found.count >= wanted.count && equal(found.suffix(wanted.count), wanted)
    }

    static func equal(_ encoded: ArraySlice<Substring.UTF8View>, _ plain: [[UInt8]]) -> Bool {
        encoded.elementsEqual(plain) { Query.percentDecoded($0, plusIsBlank: false) == $1 }
    }
}

extension BidirectionalCollection {
    /// The longest end whose elements all satisfy `predicate`.
    fileprivate func suffix(while predicate: (Element) -> Bool) -> SubSequence {
        var start = endIndex
        while start > startIndex, predicate(self[index(before: start)]) { start = index(before: start) }
        return self[start...]
    }
}
