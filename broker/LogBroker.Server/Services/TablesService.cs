using Google.Protobuf;
using LogBroker.Cluster;
using LogBroker.Protocol;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;
using LogBroker.Rpc.Server;
using WireFreshness = LogBroker.Protocol.V1.TableFreshness;

namespace LogBroker.Server;

/// <summary>logbroker.v1.Tables: translates only.</summary>
internal sealed class TablesService(IBroker broker)
{
    /// <summary>Offers the methods.</summary>
    public void AddTo(ServiceTable table)
    {
        table.Unary(ServiceMethods.TableGet, Get);
        table.ServerStreaming(ServiceMethods.TableScan, Scan);
    }

    private async ValueTask<TableGetResponse> Get(TableGetRequest request, ServerCallContext context)
    {
        if (ErrorMap.TooMany("keys", request.Keys.Count, Limits.TableKeysMax) is { } error)
            return ErrorMap.Refuse<TableGetResponse>(context, error);
        var keys = new ReadOnlyMemory<byte>[request.Keys.Count];
        for (int i = 0; i < keys.Length; i++)
            keys[i] = request.Keys[i].Memory;
        var ask = new TableGet(new TopicPartition(request.Topic, request.Partition), keys)
        {
            Linearizable = request.Linearizable,
            AllowsFollower = request.AllowFollower,
        };
        var answer = await broker.GetTable(ask, context.CancellationToken);
        if (!answer.IsOk)
            return ErrorMap.Refuse<TableGetResponse>(context, answer.Error);
        var response = new TableGetResponse { Freshness = FreshnessOf(answer.Value.Freshness) };
        foreach (var record in answer.Value.Entries)
            response.Entries.Add(EntryOf(record));
        return response;
    }

    /// <summary>Page by page, each sent before the next one is read; at least one message, which says how fresh the view is.</summary>
    private async ValueTask Scan(TableScanRequest request, IServerStreamWriter<TableScanResponse> responses, ServerCallContext context)
    {
        if (ErrorMap.OutOfRange("entries_max", request.EntriesMax, 0, long.MaxValue) is { } error)
            throw ErrorMap.Exception(error);
        long left = request.EntriesMax == 0 ? long.MaxValue : request.EntriesMax;
        // A bare `null` would become empty memory.
        ReadOnlyMemory<byte>? after = request.After.IsEmpty ? default(ReadOnlyMemory<byte>?) : request.After.Memory;
        var ask = new TableScan(new TopicPartition(request.Topic, request.Partition), request.Prefix.Memory, after)
        {
            EntriesMax = left,
            Linearizable = request.Linearizable,
            AllowsFollower = request.AllowFollower,
        };
        for (bool isFirst = true; ; isFirst = false)
        {
            var page = await broker.ScanTable(ask, context.CancellationToken);
            if (!page.IsOk)
                throw ErrorMap.Exception(page.Error);
            var (entries, next, freshness) = page.Value;
            left -= entries.Count;
            bool isLast = next is null || left <= 0;
            if (entries.Count > 0 || isFirst || isLast)
            {
                var response = new TableScanResponse { Freshness = FreshnessOf(freshness) };
                foreach (var record in entries)
                    response.Entries.Add(EntryOf(record));
                await responses.WriteAsync(response, cancellationToken: context.CancellationToken);
            }

            if (isLast)
                return;
            // The view only goes on: what the first page had seen, later ones have.
            ask = ask with { After = next, EntriesMax = left, Linearizable = false };
        }
    }

    private static TableEntry EntryOf(in TableRecord record) => new()
    {
        Key = UnsafeByteOperations.UnsafeWrap(record.Key),
        Found = record.IsFound,
        Value = UnsafeByteOperations.UnsafeWrap(record.Value),
        Offset = record.Offset,
        TimestampMs = record.TimestampMs,
    };

    private static WireFreshness FreshnessOf(in Cluster.TableFreshness freshness) => new()
    {
        AppliedOffset = freshness.Applied.Value,
        HighWatermark = freshness.HighWatermark.Value,
        BehindMs = freshness.BehindMs,
    };
}
