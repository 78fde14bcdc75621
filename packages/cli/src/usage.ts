export const usage = `ddp-cluster: look at a cluster from outside

  ddp-cluster status [--watch]   every instance: is it alive, and if not, why
  ddp-cluster matrix [--watch]   who is linked to whom, as every instance sees it (with --url)
  ddp-cluster watch              what happens, as it happens
  ddp-cluster doctor             finds the usual mistakes, and says what to do for each

Whom to ask:
  --url URL          an instance, such as http://10.0.0.5:3000      (DDP_CLUSTER_URL)
    --user ID        a user who may see the instances               (DDP_CLUSTER_USER)
    --token TOKEN    its login token; in the environment it is not
                     seen by others in the list of processes        (DDP_CLUSTER_TOKEN)
  --mongo URL        or MongoDB, which knows records and no links   (MONGO_URL)
    --collection C   "instances" unless said otherwise              (MULTIPLE_INSTANCES_COLLECTION_NAME)
    --name NAME      instances of this name only
  The environment counts where neither --url nor --mongo is given; doctor asks both.

  --json             for programs     --help, -h, --version

Ends with 0 when all is well, 1 when something is wrong in the cluster, 2 when
called wrongly, 3 when there was no answer, 130 when stopped before there was one.
`
