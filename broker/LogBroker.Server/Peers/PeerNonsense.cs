using LogBroker.Rpc;

namespace LogBroker.Server;

/// <summary>
/// What a peer sent makes no sense: its stream is cut off. Travels as the cause of an <see cref="RpcException"/>, so that it is told from
/// a status that the other end sent.
/// </summary>
internal sealed class PeerNonsense : Exception
{
    private PeerNonsense(string what)
        : base(what)
    {
    }

    /// <summary>The refusal; <paramref name="what"/> completes "the peer sent …".</summary>
    public static RpcException Because(string what) =>
        new(new Status(StatusCode.InvalidArgument, what), new Metadata(), new PeerNonsense(what));

    /// <summary>What was wrong with what the other end sent, or null when the exception is something else.</summary>
    public static string? In(Exception? exception) => exception switch
    {
        RpcException { InnerException: PeerNonsense nonsense } => nonsense.Message,
        // The wire layer's own refusals: a length over the limit, a flag that does not exist, a message that breaks off.
        RpcException { InnerException: null, StatusCode: StatusCode.ResourceExhausted or StatusCode.Internal } rpc => rpc.Status.Detail,
        _ => null,
    };
}
