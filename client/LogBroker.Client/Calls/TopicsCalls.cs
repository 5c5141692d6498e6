using System.Runtime.CompilerServices;
using LogBroker.Protocol.V1;
using LogBroker.Rpc;

namespace LogBroker.Client;

/// <summary>The calls of the service Topics, in the client's own types; changes are made by the controller. Thread-safe.</summary>
internal sealed partial class TopicsCalls(BrokerCalls calls, MetadataCache metadata)
{
    public async Task<TopicDescription> CreateAsync(string name, TopicSpec spec, bool validateOnly, CancellationToken cancellation)
    {
        var request = new CreateTopicRequest
        {
            Name = name,
            Partitions = spec.Partitions,
            ReplicationFactor = spec.ReplicationFactor,
            RequestId = Guid.NewGuid().ToString("N"),
            ValidateOnly = validateOnly,
        };
        request.Config.Add(spec.Config);
        return Describe(await AskAsync(ServerMethods.CreateTopic, request, name, isRepeatable: true, cancellation).ConfigureAwait(false));
    }

    public async Task<TopicDescription> GetAsync(string name, CancellationToken cancellation) =>
        Describe(await AskAsync(
            ServerMethods.GetTopic, new GetTopicRequest { Name = name }, name, isRepeatable: true, cancellation).ConfigureAwait(false));

    public async IAsyncEnumerable<TopicDescription> ListAsync(
        bool includeInternal, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new ListTopicsRequest { IncludeInternal = includeInternal };
        do
        {
            ListTopicsResponse page = await AskAsync(
                ServerMethods.ListTopics, request, null, isRepeatable: true, cancellation).ConfigureAwait(false);
            foreach (Topic topic in page.Topics)
            {
                yield return Describe(topic);
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }

    public async Task<TopicDescription> UpdateAsync(
        string name,
        IReadOnlyDictionary<string, string> set,
        IReadOnlyCollection<string> unset,
        bool validateOnly,
        CancellationToken cancellation)
    {
        var request = new UpdateTopicRequest { Name = name, ValidateOnly = validateOnly };
        foreach ((string key, string value) in set)
        {
            request.Set.Add(key, value);
        }

        request.Unset.Add(unset);
        return Describe(await AskAsync(ServerMethods.UpdateTopic, request, name, isRepeatable: true, cancellation).ConfigureAwait(false));
    }

    public async Task<TopicDescription> AddPartitionsAsync(string name, int partitions, bool validateOnly, CancellationToken cancellation)
    {
        var request = new AddPartitionsRequest { Name = name, Partitions = partitions, ValidateOnly = validateOnly };
        return Describe(await AskAsync(
            ServerMethods.AddPartitions, request, name, isRepeatable: false, cancellation).ConfigureAwait(false));
    }

    public async Task<string> DeleteAsync(string name, string? topicId, bool validateOnly, CancellationToken cancellation)
    {
        var request = new DeleteTopicRequest { Name = name, TopicId = topicId ?? string.Empty, ValidateOnly = validateOnly };
        DeleteTopicResponse response = await AskAsync(
            ServerMethods.DeleteTopic, request, name, isRepeatable: false, cancellation).ConfigureAwait(false);
        return response.TopicId;
    }

    public Task<IReadOnlyDictionary<int, long>> DeleteRecordsAsync(
        string name, IReadOnlyDictionary<int, long> beforeOffsets, bool validateOnly, CancellationToken cancellation) =>
        new RecordsDeletion(calls, metadata, name, beforeOffsets, validateOnly).RunAsync(cancellation);

    private static TopicDescription Describe(Topic topic) => new(
        topic.Name,
        topic.TopicId,
        [.. topic.Partitions.OrderBy(p => p.Partition_).Select(Describe)],
        [.. topic.Config.Select(c => new TopicConfigEntry(c.Key, c.Value, (ConfigOrigin)c.Origin, c.Documentation))],
        topic.Internal,
        topic.ReplicationFactor);

    private static PartitionDescription Describe(Partition p) => new(
        p.Partition_,
        p.LeaderNodeId,
        p.LeaderEpoch,
        [.. p.ReplicaNodeIds],
        p.LogStartOffset,
        p.HighWatermark,
        p.SizeBytes,
        (PartitionState)p.State,
        p.Detail);

    private async Task<TResponse> AskAsync<TRequest, TResponse>(
        Method<TRequest, TResponse> method, TRequest request, string? topic, bool isRepeatable, CancellationToken cancellation)
    {
        // Questions go there too: what it has just changed, others may not have heard of yet.
        var rules = new CallRules(topic, isRepeatable, NeedsController: true, AttemptTimeout: CallRules.WorkTimeout);
        (TResponse response, _) = await calls.AskAsync(method, request, rules, cancellation).ConfigureAwait(false);
        return response;
    }
}
