internal import SocketIOCore

/// What not every client over Engine.IO has.
extension EngineClient {
    /// What few come with.
    final class Particulars {
        let arrival: Arrival?
        let endpoint: EngineEndpoint?
        var socket: EngineSocket?

        init?(_ arrival: Arrival?, _ endpoint: EngineEndpoint?) {
            if arrival == nil, endpoint == nil { return nil }
            self.arrival = arrival
            self.endpoint = endpoint
        }
    }

    /// What polling alone needs.
    final class Polling {
        // The connections this session is on: at most one in each role.
        /// The index of its callback, when the client polls by script elements.
        let callback: String?
        var poll: (any Link)?
        var post: (any Link)?
        var probe: (any Link)?
        /// The origin that the held poll came from, which its answer must name.
        var origin: String?
        /// The cache buster (`t`) of the last request, and whether it differs from one to the next, as it should.
        private var lastTag: String?
        private(set) var tagsDiffer = false
        /// What the last poll was answered with, while its cache buster is the last.
        var lastAnswer: [Outgoing]?

        init(callback: String?, tag: String?) {
            self.callback = callback
            lastTag = tag
        }

        /// A browser sends a GET again when its connection has died before the answer came, and tells no script: that
        /// is the same poll, and gets the same answer. A client that never changes its `t` says nothing by it.
        func isRepeated(_ tag: String?) -> Bool {
            if tag == lastTag { return tagsDiffer && tag != nil }
            tagsDiffer = tag != nil && lastTag != nil
            lastTag = tag
            lastAnswer = nil
            return false
        }
    }
}
