using System.Runtime.CompilerServices;
using LogBroker.Protocol.V1;

namespace LogBroker.Client;

/// <summary>What one server says about topics.</summary>
internal sealed partial class TopicsCalls
{
    private readonly LeaderCalls _servers = new(calls);

    public async Task<TopicDescription> GetAsync(string name, string server, CancellationToken cancellation) => Describe(
        await _servers.OneAsync(server, ServerMethods.GetTopic, new GetTopicRequest { Name = name }, cancellation).ConfigureAwait(false));

    public async IAsyncEnumerable<TopicDescription> ListAsync(
        string server, bool includeInternal, [EnumeratorCancellation] CancellationToken cancellation)
    {
        var request = new ListTopicsRequest { IncludeInternal = includeInternal };
        do
        {
            ListTopicsResponse page =
                await _servers.OneAsync(server, ServerMethods.ListTopics, request, cancellation).ConfigureAwait(false);
            foreach (Topic topic in page.Topics)
            {
                yield return Describe(topic);
            }

            request.PageToken = page.NextPageToken;
        }
        while (request.PageToken.Length > 0);
    }
}
