"""The TensorFlow Probability side of the distributions bench, on TensorFlow (tf.function) and on JAX (jit): the same divergences and random numbers.

Speaks JSON lines as torch_layers.py does: reads {"task", "library", "size", "steps"}, answers {"ms": [...]}. Tasks as in torch_distributions.py.

Versions it was written for: Python 3.11, tensorflow 2.21.0, tf-keras 2.21.0, tensorflow-probability 0.25.0, jax 0.6.2
(pip install tensorflow==2.21.0 tf-keras==2.21.0 tensorflow-probability==0.25.0 jax==0.6.2).
"""
import json
import os
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import jax
import jax.numpy as jnp
import tensorflow as tf
import tensorflow_probability as tfp
from tensorflow_probability.substrates import jax as tfp_jax


def tensorflow_task(task, n):
    tfd = tfp.distributions
    if task == "randn":

        @tf.function
        def draw(counter):
            return tf.random.stateless_normal([n, n], tf.stack([1, counter]))

        return lambda: float(draw(tf.constant(1))[0, 0])
    if task == "kl_normal":
        mu = tf.Variable(0.05 * tf.random.normal([n, n]))
        rho = tf.Variable(0.1 * tf.random.normal([n, n]) - 3)

        @tf.function
        def step():
            with tf.GradientTape() as tape:
                loss = tf.reduce_sum(tfd.kl_divergence(tfd.Normal(mu, tf.nn.softplus(rho)), tfd.Normal(0.0, 0.1)))
            return loss, tape.gradient(loss, [mu, rho])

        return lambda: float(step()[0])

    def covariance():
        root = tf.random.normal([n, n])
        return root @ tf.transpose(root) / n + tf.eye(n)

    a, b, zero = tf.Variable(covariance()), covariance(), tf.zeros(n)

    @tf.function
    def step():
        with tf.GradientTape() as tape:
            q = tfd.MultivariateNormalTriL(zero, tf.linalg.cholesky(a))
            loss = tfd.kl_divergence(q, tfd.MultivariateNormalTriL(zero, tf.linalg.cholesky(b)))
        return loss, tape.gradient(loss, a)

    return lambda: float(step()[0])


def jax_task(task, n):
    tfd = tfp_jax.distributions
    if task == "randn":
        draw = jax.jit(lambda counter: jax.random.normal(jax.random.fold_in(jax.random.key(1), counter), (n, n)))
        return lambda: float(draw(1)[0, 0])
    keys = jax.random.split(jax.random.key(0), 2)
    if task == "kl_normal":
        mu = 0.05 * jax.random.normal(keys[0], (n, n))
        rho = 0.1 * jax.random.normal(keys[1], (n, n)) - 3

        def loss(mu, rho):
            return jnp.sum(tfd.kl_divergence(tfd.Normal(mu, jax.nn.softplus(rho)), tfd.Normal(0.0, 0.1)))

        step = jax.jit(jax.value_and_grad(loss, (0, 1)))
        return lambda: float(jax.block_until_ready(step(mu, rho))[0])

    def covariance(key):
        root = jax.random.normal(key, (n, n))
        return root @ root.T / n + jnp.eye(n)

    a, b, zero = covariance(keys[0]), covariance(keys[1]), jnp.zeros(n)

    def loss(a):
        q = tfd.MultivariateNormalTriL(zero, jnp.linalg.cholesky(a))
        return tfd.kl_divergence(q, tfd.MultivariateNormalTriL(zero, jnp.linalg.cholesky(b)))

    step = jax.jit(jax.value_and_grad(loss))
    return lambda: float(jax.block_until_ready(step(a))[0])


TASKS = {"TFP on TensorFlow": tensorflow_task, "TFP on JAX": jax_task}


def main():
    versions = {"tfp": tfp.__version__, "tensorflow": tf.__version__, "jax": jax.__version__}
    print(json.dumps({**versions, "libraries": list(TASKS)}), flush=True)
    tasks = {}
    for line in sys.stdin:
        request = json.loads(line)
        key = (request["task"], request["library"], request["size"])
        if key not in tasks:
            tasks[key] = TASKS[key[1]](key[0], key[2])
        times = []
        for _ in range(request["steps"]):
            start = time.perf_counter()
            tasks[key]()
            times.append((time.perf_counter() - start) * 1e3)
        print(json.dumps({"ms": times}), flush=True)


if __name__ == "__main__":
    main()
