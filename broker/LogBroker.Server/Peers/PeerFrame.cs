using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Raft;

namespace LogBroker.Server;

/// <summary>
/// One thing on a stream between nodes: a message for or of the broker, or one of the transport's own. Hot messages are written and read
/// by hand codecs, the rest by the generated ones. Immutable; a lease or buffer in it has one owner.
/// </summary>
/// <param name="Kind">Which member of the frame it is.</param>
/// <param name="Message">The broker's message; null for the transport's own, and for an answer that was lost on its way.</param>
/// <param name="Body">The generated form: of everything but hot messages when sent, of the transport's own when received.</param>
internal readonly record struct PeerFrame(PeerFrameKind Kind, PeerMessage? Message, IMessage? Body)
{
    /// <summary>Bytes of items to send.</summary>
    public int ItemsBytes => (Message as PartitionMessage)?.Items?.Length ?? 0;

    /// <summary>True for what goes down an accepted stream; everything else goes up the dialed one.</summary>
    public bool IsAnswer => Kind is PeerFrameKind.FetchAnswer || Message is PartitionMessage { Message: VoteResult };

    /// <summary>True for messages that belong to a handshake and to nothing else.</summary>
    public bool IsHandshake => Kind is >= PeerFrameKind.Hello and <= PeerFrameKind.Accepted;

    /// <summary>A message to send.</summary>
    public static PeerFrame Of(PeerMessage message) => message switch
    {
        PartitionMessage { Message: FetchRequest } => new PeerFrame(PeerFrameKind.Fetch, message, null),
        PartitionMessage { Message: FetchResult } => new PeerFrame(PeerFrameKind.FetchAnswer, message, null),
        Heartbeat => new PeerFrame(PeerFrameKind.Heartbeat, message, null),
        _ => PeerTranslation.ToFrame(message),
    };

    /// <summary>Gives back what the frame owns: a lease when it was to be sent, a buffer when it was received.</summary>
    public void Release()
    {
        if (Message is PartitionMessage message)
        {
            message.Items?.Dispose();
            message.Received?.Return();
        }
    }
}
