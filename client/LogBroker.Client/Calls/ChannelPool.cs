using System.Collections.Concurrent;
using LogBroker.Protocol;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>What a connection is used for: bulk traffic must not stand in the way of questions.</summary>
internal enum ChannelUse
{
    /// <summary>Short questions and answers.</summary>
    Control,

    /// <summary>Record batches to readers.</summary>
    Fetch,

    /// <summary>Record batches from producers.</summary>
    Produce,
}

/// <summary>One channel per server and use, made when first asked for. Thread-safe.</summary>
internal sealed class ChannelPool : IDisposable
{
    private readonly ConcurrentDictionary<(string Address, ChannelUse Use), Lazy<GrpcChannel>> _channels = new();
    private readonly GrpcChannelOptions _options;

    public ChannelPool(LogBrokerClientOptions options)
    {
        _options = new GrpcChannelOptions
        {
            ReceiveBytesMax = Limits.FetchBytesMax + Limits.RequestBytesMax,
            ConnectTimeout = options.ConnectTimeout < options.NodeConnectTimeout && options.ConnectTimeout > TimeSpan.Zero
                ? options.ConnectTimeout
                : options.NodeConnectTimeout,
        };
    }

    public GrpcChannel For(string address, ChannelUse use) =>
        _channels.GetOrAdd(
            (address, use),
            static (key, options) => new Lazy<GrpcChannel>(() => GrpcChannel.ForAddress("http://" + key.Address, options)),
            _options).Value;

    public void Dispose()
    {
        foreach (Lazy<GrpcChannel> channel in _channels.Values)
        {
            channel.Value.Dispose();
        }
    }
}
